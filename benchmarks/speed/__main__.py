"""python -m benchmarks.speed [NAME ...]: Isthmus and others in turn, in one run; ratios."""

import sys

from benchmarks.command import main
from benchmarks.page import Page

HEAD = """# Performance

Isthmus and another library do the same work in one run, turn by turn, so that a busy machine slows both;
what counts are the ratios of each round: their median, and the lowest and highest of all rounds. `make bench` puts the
others into an environment of their own and measures everything anew; `python -m benchmarks.speed NAME` is one table.

What to expect, and what to set:

- Data that fit into memory are gathered there, without a loader; pictures stay bytes until their batch.
- On processors with bf16 products (AVX-512 BF16, AMX) networks of 200 000 weights or more use them from 5000 rows on;
  `Trainer(precision="fp32")` turns that off.
- `Trainer(compile="auto")` times the first steps. Where two minutes of work or more are left, the whole step (rows,
  pass, terms, gradients, AdamW) becomes one compiled function, which takes 10 to 30 seconds (80 for a vision
  transformer), a few where the compiler remembers it; where compiled steps are no faster, plain ones go on.
  `compile=True` does not ask.
- Convolutions are quickest in bf16, in plain steps: a compiler changes little about them, and `compile="auto"` finds
  that out. Those to a single place are products of matrices in training, which is 2 to 10 times as fast (decision 21).
- Outside of training float32 products of larger layers are oneDNN's, which on AMD's processors needs less than half of
  the time that MKL does: `transform`, `score_samples`, `log_prob`, `reconstruct` and `sample` of perceptrons.
- Networks of a few thousand weights, as for small tables, are slower with more than one thread: `OMP_NUM_THREADS=1`.
- `OMP_NUM_THREADS` is the number of cores that one fit uses: by default all. Fits side by side want one each. More
  threads than cores in one process, by several fits in threads for instance, slow all of them by half.
- More rows than fit into memory: give `fit` and `transform` a path. Of a .npy file above 64 MiB a window of 64 MiB
  at a time is in memory. Large folders and zips of pictures, .parquet tables and several .npy files (a folder of them)
  are first read, once, into a temporary file: a byte for each number of a picture, four or eight for each of a table.
  `TMPDIR` says on which disk; some systems keep `/tmp` itself in memory. It is gone with the process. The order of rows
  takes up to 40 bytes for each of them in memory, whatever their size.

Where the time of one step goes, VAE 784-512-16, batch 128, milliseconds by PyTorch's profiler on the machine of the
tables (before: the pass alone was compiled):

| | before | one compiled function |
| --- | --- | --- |
| products of matrices | 2.65 | 2.1 |
| other kernels of the pass and its gradient | 1.3 | 0.4 |
| AdamW, sums of squares | 1.1 | 0.33 |
| guards of compiled code | 0.2 | |
| gradient engine, calls, counting | 1.5 | 0.7 |
| all | 6.8 | 3.6 |
"""

if __name__ == "__main__":
    sys.exit(main(Page(package="benchmarks.speed", shown="docs/performance.md", head=HEAD), "rounds", 5))
