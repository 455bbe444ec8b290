"""python -m benchmarks.quality [NAME ...]: what models are worth, on held-out data."""

import sys

from benchmarks.command import main
from benchmarks.page import Page

HEAD = """# Results

Measured on held-out data, on two CPU cores with bf16 products. Each table is printed and written anew by its command;
`python -m benchmarks.quality --page` puts the last ones here. Sets other than scikit-learn's are looked for in the
folder that `ISTHMUS_DATA` names.
"""

if __name__ == "__main__":
    sys.exit(main(Page(package="benchmarks.quality", shown="docs/results.md", head=HEAD), "seeds", 3))
