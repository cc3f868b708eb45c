"""The process that asks the driver, apart from the one that serves: what hangs in the driver can be left behind.

`python -m shiva_exporters.gpu.reader PROC_DIR` writes a pickled answer to its output for each byte of its input, and ends with that.
"""

import ctypes
import os
import pickle
import signal
import sys
import traceback
from pathlib import Path

from shiva_common import logs

from shiva_exporters.gpu.attribution import Attributed, Owners
from shiva_exporters.gpu.nvml import Nvml
from shiva_exporters.gpu.source import GpuReadError, GpuSource, NoDriverError, Reading

PR_SET_PDEATHSIG = 1


def answer(source: GpuSource) -> Reading | NoDriverError | GpuReadError:
    """Return what `source` tells, or what it raises; what no driver did yet is a GpuReadError with its traceback."""
    try:
        return source.read()
    except (NoDriverError, GpuReadError) as error:
        return type(error)(str(error))
    except Exception:
        return GpuReadError(traceback.format_exc())


def main() -> None:
    """Answer until nobody asks any more."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # for who waits for a driver while the exporter is killed
    source = Attributed(Nvml(), Owners(Path(sys.argv[1])))
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # so that neither what the driver's library prints nor our log comes in between
        logs.configure("shiva.exporters.gpu")
        while os.read(0, 1):
            pickle.dump(answer(source), answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()


if __name__ == "__main__":
    main()
