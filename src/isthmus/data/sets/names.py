"""First names, 32033 in small letters a to z, 29494 of them different (makemore, from ssa.gov, 2018)."""

from isthmus.data.loading import Parts, RemoteFile, local
from isthmus.data.reading import read
from isthmus.data.splitting import fixed_split

FILE = RemoteFile(
    path="names/names.txt",
    url="https://raw.githubusercontent.com/karpathy/makemore/988aa59e4d8fefa526d06f3b453ad116258398d4/names.txt",
    sha256="0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
)


def parts() -> Parts:
    """A fixed split; names that are listed twice may be in both parts."""
    return fixed_split(read(local(FILE)), by_label=False)
