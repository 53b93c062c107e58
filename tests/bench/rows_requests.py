"""Requests a second, and the processor time of one."""
import json
import statistics

import load
import machine
import proxies
import results
import rounds


def check(generator, proxy):
    """A proxy that changed the answer would be measured doing something else."""
    got, direct = (load.body_of(load.exchange(address, generator.embed))
                   for address in (proxy, generator.upstream))
    if got != direct or "embeddings" not in json.loads(got):
        raise RuntimeError(f"{proxy} does not pass on what the upstream answers")


def requests(bench, embed, what, limit=""):
    generator = bench.load().use(embed)
    running = proxies.subjects(bench, generator.upstream)
    for proxy in running.values():
        check(generator, proxy.proxy)

    def measure(proxy):
        ids = proxy.process_ids()
        before = machine.processor_seconds(*ids), machine.processor_seconds(generator.process.pid)
        made = generator.requests(proxy.proxy, bench.seconds(0.5))
        used = machine.processor_seconds(*ids) - before[0]
        loading = machine.processor_seconds(generator.process.pid) - before[1]
        return {"per_second": made["calls"] / made["seconds"], "cpu_us": used / made["calls"] * 1e6,
                "busy": used / made["seconds"], "load_busy": loading / made["seconds"], **made}
    for proxy in running.values():
        measure(proxy)  # the first time is another
    measured = rounds.alternate(running, bench.rounds, measure)
    alone = generator.requests(generator.upstream, bench.seconds(0.5))

    def percent(name, field):
        return f"{100 * statistics.median(each[name][field] for each in measured):.0f} %"
    note = "; ".join(f"{name} used {percent(name, 'busy')} of its core, generator and upstream "
                     f"{percent(name, 'load_busy')} of theirs"
                     for name in running if name != "again")
    note += f"; without a proxy these make {alone['calls'] / alone['seconds']:,.0f} calls/s{limit}"
    return [
        *results.compared(f"requests a second, embed, 16 connections, {what}", "1/s", measured, "per_second",
                          results.at_least(1), note),
        *results.compared(f"processor time of one, {what}", "µs", measured, "cpu_us"),
    ]


def short(bench):
    return requests(bench, load.EMBED_SHORT, "short reply",
                    "; what stands in the way: docs/benchmarks.md, 'A budget that is not met'")


def long(bench):
    return requests(bench, load.EMBED_LONG, "9.7 kB reply")


ROWS = {"requests": short, "requests-long": long}
