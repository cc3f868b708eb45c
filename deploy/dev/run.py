"""`make run` and `make demo`: listen for Ctrl-C before anything slow is imported, then serve."""

import signal
import threading


def main() -> None:
    """Run until Ctrl-C, SIGTERM, a closed terminal, or the supervisor's end."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if (number, signal.getsignal(number)) != (signal.SIGHUP, signal.SIG_IGN):  # nohup: go on without a terminal
            signal.signal(number, lambda *_: stopped.set())
    from deploy.dev import serving

    serving.main(stopped)


if __name__ == "__main__":
    main()
