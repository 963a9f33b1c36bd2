#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./run demo: the whole life of a use case on the simulated provider, step by step, in a minute; then a server with a console full
of it, until Ctrl+C."""

import argparse
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True

from house import TOP, Failed, House, free_port  # noqa: E402
from show import Teller  # noqa: E402
from story import Story  # noqa: E402

USUAL_PORT = 8080


def arguments():
    parser = argparse.ArgumentParser(prog="./run demo", description=__doc__)
    parser.add_argument("--check", action="store_true",
                        help="on any free port, stop everything at the end; exit code 1 and the failed step if something is wrong")
    parser.add_argument("--keep", action="store_true", help="keep the folder, so that the server can be started again")
    return parser.parse_args()


def stop_as_with_ctrl_c(*_):
    raise KeyboardInterrupt


def end(house, teller, keep):
    """Stops the server and removes the folder. Whether the server ended well."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    well = house.stop()
    if keep:
        teller.line(f"Everything is kept in {house.folder}. To start it again: ./run --config {house.settings_file}")
    else:
        shutil.rmtree(house.folder, ignore_errors=True)
    return well


def stay(house, story, teller):
    link = house.slipway("admin", "sign-in-link", show=0)
    teller.line()
    teller.good("The console is full of it. Open")
    teller.line()
    teller.line(f"    {link}")
    teller.line("    (one-time sign-in, good for 30 minutes; later: slipway sign-in-link "
                f"--url {house.url} --data-dir {house.folder / 'data'})")
    teller.line()
    teller.line("Begin with Overview, then Use cases → Support assistant, Releases, Evaluations, Catalogue → golden, Invocations, Audit.")
    teller.line("Customers go on asking meanwhile. What answers is a script, not a model: examples/support-assistant/simulated.yaml.")
    teller.line()
    teller.line("Stop with Ctrl+C.")
    stream = story.go_on()
    house.process.wait()  # Ctrl+C ends it
    stream.stop()
    raise Failed(f"the server ended with {house.process.returncode}")


def main():
    asked = arguments()
    teller = Teller()
    binary = pathlib.Path(os.environ.get("SLIPWAY_BIN") or TOP / "build/release/src/app/slipway").resolve()
    if not binary.exists():
        teller.bad(f"There is no {binary}: build it first (./run demo does).")
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop_as_with_ctrl_c)
    began = time.monotonic()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="slipway-demo-"))
    house = House(str(binary), folder, teller, 0 if asked.check else free_port(USUAL_PORT))
    code, done = 0, False
    try:
        story = Story(house, teller)
        story.run()
        done = True
        teller.line()
        teller.good(f"All {teller.number} steps in {time.monotonic() - began:.0f} s.")
        if not asked.check:
            stay(house, story, teller)
    except KeyboardInterrupt:
        teller.line()
        code = 0 if done else 130
    except BrokenPipeError:  # nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as failure:  # noqa: BLE001 - whatever it is, it is told with its step
        teller.line()
        teller.bad(f"Step {teller.number} failed: {teller.sentence}")
        teller.line(str(failure).rstrip() if isinstance(failure, Failed) else traceback.format_exc().rstrip())
        log = house.log_tail()
        teller.line(f"The server's log ends with:\n{log}" if log else "The server has logged nothing.")
        code = 1
    finally:
        well = end(house, teller, asked.keep)
    if not well and code == 0:
        teller.bad("The server did not end as it should.")
        code = 1
    elif code != 1:
        teller.line("Stopped.")
    return code


if __name__ == "__main__":
    sys.exit(main())
