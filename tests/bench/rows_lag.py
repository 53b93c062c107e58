"""How far what the mount shows is behind what the proxy has answered, under load."""
import http.client
import json
import select
import statistics
import time

import load
import proxies
import results

PER_SECOND = 2000
SAMPLES_PER_SECOND = 50
SERVICE = "watched"


def lag(bench):
    generator = bench.load()
    daemon = bench.start(proxies.Tallyfs, generator.upstream)
    connection = http.client.HTTPConnection(daemon.proxy, timeout=30)
    body = generator.embed.partition(b"\r\n\r\n")[2]

    def sample(count):
        """From the end of a call's response until the mount has shown it."""
        connection.request("POST", f"/as/{SERVICE}/api/embed", body,
                           {"Content-Type": "application/json"})
        connection.getresponse().read()
        ended = time.monotonic()
        shown = json.loads(daemon.read("usage/today.json"))
        waited = time.monotonic() - ended
        found = sum(row["calls"] for row in shown["groups"] if row["service"] == SERVICE)
        if found != count:
            raise RuntimeError(f"{count} calls were answered, the mount shows {found}")
        return waited * 1000

    def answered(seconds):
        return select.select([generator.process.stdout], [], [], seconds)[0] != []
    sample(1)
    generator.begin_requests(daemon.proxy, bench.seconds(5), per_second=PER_SECOND)
    waited = []
    while not waited or not answered(1 / SAMPLES_PER_SECOND):
        waited.append(sample(len(waited) + 2))
    made = generator.finish()
    total = json.loads(daemon.read("usage/today.json"))["total"]["calls"]
    if total != made["calls"] + len(waited) + 1:
        raise RuntimeError(f"{made['calls']} calls were answered, the mount shows {total}")
    rate = made["calls"] / made["seconds"]
    note = (f"{rate:,.0f} calls/s; from the end of a response until usage/today.json has been "
            f"opened and read with it, {len(waited)} times")
    waited.sort()
    what = f"ledger's lag at {PER_SECOND:,} calls/s"
    return [results.Result(what + ", p50", "ms", statistics.median(waited), note=note,
                           rounds=waited),
            results.Result(what + ", p99", "ms", waited[int((len(waited) - 1) * 0.99)])]


ROWS = {"lag": lag}
