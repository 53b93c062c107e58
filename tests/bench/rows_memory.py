"""Memory of a proxy that holds many streams open."""
import load
import machine
import proxies
import results
import rounds



def memory(bench):
    generator = bench.load()
    streams = 50 if bench.smoke else 1000
    kinds = {"tallyfs": proxies.Tallyfs}
    if proxies.NGINX:
        kinds["nginx"] = proxies.Nginx
        kinds["again"] = proxies.Nginx

    def measure(kind):
        # Each time a new process: what one has used before would count otherwise.
        with bench.started(kind, generator.upstream) as proxy:
            before = machine.memory_mb(*proxy.process_ids())
            generator.run("hold", to=proxy.proxy, request=load.CHAT.decode(), streams=streams)
            held = machine.memory_mb(*proxy.process_ids())
            generator.run("release")
        return {"mb": held, "without_streams_mb": before,
                "kb_a_stream": (held - before) * 1000 / streams}
    measured = rounds.alternate(kinds, min(bench.rounds, 7), measure)
    first = measured[0]
    note = "; ".join(f"{name} {first[name]['without_streams_mb']:.1f} MB before the first stream, "
                     f"{first[name]['kb_a_stream']:.1f} kB for each" for name in first
                     if name != "again")
    return results.compared(f"memory with {streams:,} open streams", "MB", measured, "mb",
                            results.at_most(2), note)


ROWS = {"memory": memory}
