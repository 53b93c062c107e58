"""What a soak's samples say: does anything grow that should stay?

Pure: samples are dictionaries of numbers with "seconds" since the load began. Judged is what comes
after the warm-up, in which caches fill.
"""
import statistics

WARM_UP_SHARE = 1 / 4       # caches of rendered files fill in this time
WARM_UP_SECONDS_MAX = 900
MB = 1_000_000


def after_warm_up(samples):
    """The samples that count."""
    warm = min(samples[-1]["seconds"] * WARM_UP_SHARE, WARM_UP_SECONDS_MAX)
    return [sample for sample in samples if sample["seconds"] >= warm]


def growth(samples, key):
    """What a straight line through the values gains from the first sample to the last."""
    times = [sample["seconds"] for sample in samples]
    values = [sample[key] for sample in samples]
    mean_time, mean_value = statistics.fmean(times), statistics.fmean(values)
    spread = sum((time - mean_time) ** 2 for time in times)
    if spread == 0:
        return 0.0
    slope = sum((time - mean_time) * (value - mean_value)
                for time, value in zip(times, values)) / spread
    return slope * (times[-1] - times[0])


def thirds(samples, key):
    """Medians of the first and of the last third."""
    count = max(1, len(samples) // 3)
    return (statistics.median(sample[key] for sample in samples[:count]),
            statistics.median(sample[key] for sample in samples[-count:]))


def allowed_growth(key, samples):
    """How much a value may gain by chance: what one burst of work leaves behind."""
    median = statistics.median(sample[key] for sample in samples)
    # A short run is over before the cache of rendered files is full: 64 MB and what frees it late.
    short = samples[-1]["seconds"] < 300
    return {"rss_mb": max(0.05 * median, 128 if short else 8),
            "descriptors": 24, "threads": 0.9, "in_flight": 24, "kernel_waiting": 8,
            "bytes_behind": 1 * MB}[key]


def judge(samples):
    """What is wrong, one text each; nothing if memory, descriptors and lag stay."""
    counted = after_warm_up(samples)
    if len(counted) < 5:
        return [f"only {len(counted)} samples after the warm-up: too few to judge"]
    findings = []
    for key in ("rss_mb", "descriptors", "threads", "in_flight", "kernel_waiting", "bytes_behind"):
        if any(sample[key] is None for sample in counted):
            continue
        gained, allowed = growth(counted, key), allowed_growth(key, counted)
        if gained > allowed:
            findings.append(f"{key} grew by {gained:.1f}, allowed are {allowed:.1f}")
    before, after = thirds(counted, "lag_ms")
    # A machine that got busy with other work slows the control, which has no tallyfs in it.
    control_before, control_after = thirds(counted, "control_ms")
    busier = max(1, control_after / control_before)
    if after > busier * (1.5 * before + 10):
        findings.append(f"lag went from {before:.1f} to {after:.1f} ms, without tallyfs it went "
                        f"from {control_before:.1f} to {control_after:.1f}")
    return findings


def summary(samples):
    """A line for each value: at the start and at the end of what counts."""
    counted = after_warm_up(samples)
    lines = []
    for key in ("rss_mb", "descriptors", "threads", "in_flight", "kernel_waiting", "bytes_behind",
                "lag_ms", "control_ms", "calls_per_second"):
        if any(sample[key] is None for sample in counted):
            lines.append(f"  {key:<17} not known here")
            continue
        before, after = thirds(counted, key)
        highest = max(sample[key] for sample in counted)
        lines.append(f"  {key:<17} {before:10.1f} -> {after:10.1f}   highest {highest:.1f}, "
                     f"trend {growth(counted, key):+.1f}")
    return "\n".join(lines)
