//! What was answered how often and how fast, in Prometheus' text format (version 0.0.4).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Upper bounds of the latency buckets, in seconds.
const BOUNDS: [f64; 12] = [
    0.0005, 0.001, 0.002, 0.004, 0.008, 0.012, 0.025, 0.05, 0.1, 0.5, 2.0, 10.0,
];

/// See the module.
#[derive(Debug)]
pub struct Counts {
    started: Instant,
    /// By the route's pattern, not by its address: there are few.
    routes: Mutex<BTreeMap<String, Route>>,
    /// Rows that were scored.
    pub rows: AtomicU64,
    /// Values that the model did not know, in these rows.
    pub unknown: AtomicU64,
}

/// Of one route.
#[derive(Debug, Default)]
struct Route {
    /// Answers by status.
    statuses: BTreeMap<u16, u64>,
    /// Answers in each bucket, and slower ones behind them.
    buckets: [u64; BOUNDS.len() + 1],
    /// Of all answers together.
    seconds: f64,
}

impl Default for Counts {
    fn default() -> Counts {
        Counts {
            started: Instant::now(),
            routes: Mutex::default(),
            rows: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
        }
    }
}

impl Counts {
    /// Counts an answer. `route` is one of the router's own patterns, so that their number is bounded.
    pub fn answered(&self, route: &str, status: u16, time: Duration) {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if !routes.contains_key(route) {
            routes.insert(route.to_owned(), Route::default());
        }
        let Some(counts) = routes.get_mut(route) else {
            return;
        };
        *counts.statuses.entry(status).or_default() += 1;
        let seconds = time.as_secs_f64();
        let bucket = BOUNDS.iter().position(|&bound| seconds <= bound);
        counts.buckets[bucket.unwrap_or(BOUNDS.len())] += 1;
        counts.seconds += seconds;
    }

    /// The text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(
            text,
            "# HELP autoint_requests_total Answers by route and status."
        )?;
        writeln!(text, "# TYPE autoint_requests_total counter")?;
        for (route, counts) in &*routes {
            for (status, count) in &counts.statuses {
                let labels = format!("route=\"{route}\",status=\"{status}\"");
                writeln!(text, "autoint_requests_total{{{labels}}} {count}")?;
            }
        }
        let name = "autoint_request_seconds";
        writeln!(
            text,
            "# HELP {name} Time from a request's head to its answer."
        )?;
        writeln!(text, "# TYPE {name} histogram")?;
        for (route, counts) in &*routes {
            let mut below = 0;
            for (bound, count) in BOUNDS.iter().zip(&counts.buckets) {
                below += count;
                writeln!(
                    text,
                    "{name}_bucket{{route=\"{route}\",le=\"{bound}\"}} {below}"
                )?;
            }
            let all = below + counts.buckets[BOUNDS.len()];
            writeln!(text, "{name}_bucket{{route=\"{route}\",le=\"+Inf\"}} {all}")?;
            writeln!(text, "{name}_sum{{route=\"{route}\"}} {}", counts.seconds)?;
            writeln!(text, "{name}_count{{route=\"{route}\"}} {all}")?;
        }
        let totals = [
            ("autoint_rows_total", "Rows that were scored.", &self.rows),
            (
                "autoint_unknown_values_total",
                "Values of scored rows that the model did not know.",
                &self.unknown,
            ),
        ];
        for (name, help, count) in totals {
            let count = count.load(Ordering::Relaxed);
            writeln!(
                text,
                "# HELP {name} {help}\n# TYPE {name} counter\n{name} {count}"
            )?;
        }
        let up = self.started.elapsed().as_secs_f64();
        let help = "Time since the start.";
        text.push_str(&gauge(
            "autoint_uptime_seconds",
            help,
            &[(String::new(), up)],
        ));
        Ok(())
    }
}

/// A gauge with its values by labels (`model="a",field="b"`, or none); nothing when there is no value.
pub fn gauge(name: &str, help: &str, values: &[(String, f64)]) -> String {
    if values.is_empty() {
        return String::new();
    }
    let line = |(labels, value): &(String, f64)| match labels.as_str() {
        "" => format!("{name} {value}\n"),
        labels => format!("{name}{{{labels}}} {value}\n"),
    };
    let lines: String = values.iter().map(line).collect();
    format!("# HELP {name} {help}\n# TYPE {name} gauge\n{lines}")
}

/// A name as the value of a label.
pub fn label(name: &str) -> String {
    name.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_cumulative_and_end_with_all() {
        let counts = Counts::default();
        counts.answered("/v1/score", 200, Duration::from_micros(700));
        counts.answered("/v1/score", 200, Duration::from_secs(100));
        counts.answered("/v1/score", 422, Duration::from_millis(1));
        let text = counts.text();
        for line in [
            "autoint_requests_total{route=\"/v1/score\",status=\"200\"} 2",
            "autoint_request_seconds_bucket{route=\"/v1/score\",le=\"0.0005\"} 0",
            "autoint_request_seconds_bucket{route=\"/v1/score\",le=\"0.001\"} 2",
            "autoint_request_seconds_bucket{route=\"/v1/score\",le=\"10\"} 2",
            "autoint_request_seconds_bucket{route=\"/v1/score\",le=\"+Inf\"} 3",
            "autoint_request_seconds_count{route=\"/v1/score\"} 3",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
    }
}
