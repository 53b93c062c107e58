"""Runs what scripts/bench measures and prints the table. Rows live in rows_*.py beside this file:
each has ROWS, names with functions that are given a Bench and return results.Result objects."""
import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--binaries", default=os.path.join(HERE, "../../build/release"))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--smoke", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--only", nargs="+", metavar="ROW")
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


class Bench:
    """What a row needs: how long to measure, where, and what has to be ended after it."""

    def __init__(self, given, cores, stack, directory):
        self.quick = given.quick
        self.smoke = given.smoke  # only whether it works, in a second or so
        self.binaries = given.binaries
        # At least 7; more short ones say more than few long ones (docs/benchmarks.md).
        self.rounds = 1 if given.smoke else 7 if given.quick else 21
        self.cores = cores
        self.stack = stack
        self.directory = directory
        self.count = 0

    def seconds(self, usual):
        """How long to measure what takes `usual` in a whole run."""
        return usual * (0.2 if self.smoke else 0.4 if self.quick else 1)

    def new_directory(self):
        """A path that nothing is at, gone after the row."""
        self.count += 1
        return os.path.join(self.directory, str(self.count))

    @contextlib.contextmanager
    def started(self, kind, upstream):
        """One of proxies.py on the core for what is measured."""
        with contextlib.ExitStack() as stack:
            with interruption.held_back():
                running = kind(self.new_directory(), upstream, self.cores.subject)
                stack.callback(running.end)
            yield running

    def start(self, kind, upstream):
        """As started(), until the end of the row."""
        return self.stack.enter_context(self.started(kind, upstream))

    def load(self):
        """bench_load on the core for the load, with an upstream that answers as the stand-in."""
        with interruption.held_back():
            generator = load.Load(self.cores.load)
            self.stack.callback(generator.end)
        return generator.learn()


def rows():
    found = {}
    for module in (rows_chunks, rows_requests, rows_memory, rows_lag, rows_files, rows_year,
                   rows_databases, rows_audit):
        found.update(module.ROWS)
    return found


def measure(name, row, given, cores):
    print(f"Measuring {name}", file=sys.stderr, flush=True)
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="tallyfs-bench."))
        try:
            return row(Bench(given, cores, stack, directory))
        except Exception as error:  # the other rows can still be measured
            return [results.Result(name, "", failed=f"{type(error).__name__}: {error}")]


def output(given, measured, described, cores):
    text = results.table(measured) + "\n\n" + machine.sentence(described)
    if cores.shared():
        text += "\nOnly one core here: the load slows what is measured, and nothing is comparable."
    if not proxies.NGINX:
        text += "\nskipped: the references, there is no nginx here"
    print(text, file=sys.stderr if given.json == "-" else sys.stdout)
    if given.json:
        document = {"machine": described, "quick": given.quick,
                    "rows": [each.as_json() for each in measured]}
        with contextlib.ExitStack() as stack:
            file = sys.stdout
            if given.json != "-":
                file = stack.enter_context(open(given.json, "w", encoding="utf-8"))
            print(json.dumps(document, indent=1, ensure_ascii=False), file=file)


class Interruption:
    """Ctrl-C and SIGTERM: never between starting a process and knowing how to end it."""

    def __init__(self):
        self.holding = False
        self.waiting = False

    def listen(self):
        signal.signal(signal.SIGINT, self.arrived)
        signal.signal(signal.SIGTERM, self.arrived)

    def arrived(self, *_):
        if self.holding and not self.waiting:
            self.waiting = True
            return
        # Once: what is being ended is not interrupted again.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    @contextlib.contextmanager
    def held_back(self):
        self.holding = True
        try:
            yield
        finally:
            self.holding = False
        if self.waiting:
            self.arrived()


interruption = Interruption()


def main(given):
    known = rows()
    if given.list:
        print("\n".join(known))
        return 0
    unknown = [name for name in given.only or [] if name not in known]
    if unknown:
        print(f"There is no row {unknown[0]}: {' '.join(known)}", file=sys.stderr)
        return 2
    interruption.listen()
    cores = machine.Cores()
    # Neither this program nor a stand-in gets in the way of what is measured.
    os.sched_setaffinity(0, {cores.load})
    described = machine.describe(given.binaries)
    measured = []
    for name in given.only or known:
        measured += measure(name, known[name], given, cores)
    output(given, measured, described, cores)
    return 1 if any(each.failed for each in measured) else 0


if __name__ == "__main__":
    options = arguments()
    os.environ["TALLYFS_BINARIES"] = os.path.abspath(options.binaries)
    os.environ.setdefault("TALLYFS_FIXTURES", os.path.join(HERE, "../fixtures"))
    sys.path.insert(0, os.path.join(HERE, "../integration"))
    import load
    import machine
    import proxies
    import results
    import rows_audit
    import rows_chunks
    import rows_databases
    import rows_files
    import rows_lag
    import rows_memory
    import rows_requests
    import rows_year
    try:
        sys.exit(main(options))
    except KeyboardInterrupt:
        sys.exit(130)
