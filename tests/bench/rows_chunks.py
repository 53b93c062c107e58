"""What a proxy adds to the way of a streamed chunk from Ollama to the client."""
import statistics

import load
import proxies
import results
import rounds

STREAMS = 20
PER_SECOND = 50  # chunks of a stream: a quick model


class Direct:
    """The way without a proxy."""

    def __init__(self, upstream):
        self.proxy = upstream


def chunks(bench):
    generator = bench.load()
    running = proxies.subjects(bench, generator.upstream)

    def measure(proxy):
        return generator.run("chunks", to=proxy.proxy, request=load.CHAT.decode(), streams=STREAMS,
                             per_second=STREAMS * PER_SECOND, seconds=bench.seconds(0.5))
    for proxy in running.values():
        measure(proxy)  # the first time is another
    measured = rounds.alternate({"direct": Direct(generator.upstream), **running}, bench.rounds,
                                measure)
    direct = statistics.median(each["direct"]["p50_us"] for each in measured)
    for each in measured:
        for name in running:
            for part in ("p50_us", "p99_us"):
                each[name]["added_" + part] = each[name][part] - direct
    note = (f"{STREAMS} streams of {PER_SECOND} chunks a second each; without a proxy a chunk "
            f"takes {direct:.1f} µs")
    return [
        *results.compared("added latency of a streamed chunk, p50", "µs", measured, "added_p50_us",
                          results.at_most(1), note),
        *results.compared("added latency of a streamed chunk, p99", "µs", measured, "added_p99_us"),
    ]


ROWS = {"chunks": chunks}
