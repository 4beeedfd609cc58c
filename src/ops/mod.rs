//! What operating the server takes: limits, headers, metrics, logs, timelines.

pub mod audit;
pub mod feed;
pub mod flow_trace;
pub mod kept;
pub mod logging;
pub mod metrics;
pub mod rate_limit;
pub mod request_id;
pub mod security_headers;
pub mod statistics;
pub mod usage;
