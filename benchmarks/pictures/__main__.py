"""`python -m benchmarks.pictures`: draw again what was kept, and write the guide's block; no cluster is needed."""

from benchmarks.pictures.page import write

if __name__ == "__main__":
    write()
