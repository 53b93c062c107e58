"""The soak's judge finds what grows, and nothing else."""
import random
import unittest

from judge import growth, judge

HOUR = 3600


def samples(seconds=HOUR, **changes):
    """A quiet hour; a change is a function from seconds to what is added to a value."""
    randomness = random.Random(5)
    rows = []
    for time in range(5, seconds, 5):
        row = {"seconds": time, "rss_mb": 80 + randomness.random(), "descriptors": 240,
               "threads": 12, "in_flight": randomness.randrange(9), "kernel_waiting": 0,
               "bytes_behind": 500 * randomness.randrange(9), "calls_per_second": 250,
               "control_ms": 1 + randomness.random(), "lag_ms": 2 + randomness.expovariate(1)}
        for name, change in changes.items():
            row[name] += change(time)
        rows.append(row)
    return rows


class Judge(unittest.TestCase):
    def test_a_quiet_hour_has_no_findings(self):
        self.assertEqual(judge(samples()), [])

    def test_the_growth_of_a_straight_line_is_what_it_gains(self):
        rows = [{"seconds": time, "rss_mb": 3 * time} for time in range(0, 101, 10)]
        self.assertAlmostEqual(growth(rows, "rss_mb"), 300)

    def test_memory_that_grows_by_a_megabyte_in_three_minutes_is_found(self):
        findings = judge(samples(rss_mb=lambda time: time / 180))
        self.assertEqual(len(findings), 1)
        self.assertIn("rss_mb", findings[0])

    def test_caches_that_fill_in_the_warm_up_are_not_a_leak(self):
        self.assertEqual(judge(samples(rss_mb=lambda time: min(time, 600) / 10)), [])

    def test_a_descriptor_lost_each_minute_is_found(self):
        self.assertIn("descriptors", judge(samples(descriptors=lambda time: time // 60))[0])

    def test_one_more_thread_at_the_end_is_found(self):
        self.assertIn("threads", judge(samples(threads=lambda time: time > 2000))[0])

    def test_a_lag_that_rises_is_found_and_single_slow_reads_are_not(self):
        self.assertIn("lag", judge(samples(lag_ms=lambda time: time / 60))[0])
        self.assertEqual(judge(samples(lag_ms=lambda time: 500 if time % 100 == 0 else 0)), [])

    def test_a_lag_that_rises_with_the_machine_s_own_is_not_ours(self):
        def busier(time):
            return 40 if time > 2000 else 0
        self.assertEqual(judge(samples(lag_ms=busier, control_ms=busier)), [])
        self.assertEqual(len(judge(samples(lag_ms=busier))), 1)

    def test_too_few_samples_are_no_success(self):
        self.assertEqual(len(judge(samples(seconds=20))), 1)


if __name__ == "__main__":
    unittest.main()
