//! How much a server takes on.

use std::time::Duration;

/// What is refused beyond.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Bytes of a request's body; more is 413.
    pub body: usize,
    /// Rows of a request; more is 422.
    pub rows: usize,
    /// Requests that are worked on at once, over all routes; more is 503 with `Retry-After`.
    pub concurrent: usize,
    /// Open connections; more wait to be accepted.
    pub connections: usize,
    /// How long a request may take, from its head to its answer; longer is 503.
    pub time: Duration,
    /// How long the head of a request may take to come; longer closes the connection.
    pub head: Duration,
    /// How long traffic is remembered to tell whether it drifts.
    pub window: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body: 1 << 20,
            rows: 1_000,
            concurrent: 64,
            connections: 1_024,
            time: Duration::from_secs(10),
            head: Duration::from_secs(10),
            window: Duration::from_secs(3_600),
        }
    }
}
