"""Chinese regulated verse, 30635 poems of the Tang in traditional characters (only from ISTHMUS_DATA)."""

from isthmus.data.loading import Parts, RemoteFile, local
from isthmus.data.reading import read
from isthmus.data.splitting import fixed_split


def parts() -> Parts:
    """A fixed split; poems have 4 or 8 lines of 5 or 7 characters, with the punctuation of the collection."""
    poems = read(local(RemoteFile(path="tang_poems/tang_regulated.jsonl.xz")), text="text")
    return fixed_split(poems, by_label=False)
