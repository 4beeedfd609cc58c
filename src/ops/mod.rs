//! What operating the server takes: limits, headers, metrics, logs.

pub mod audit;
pub mod feed;
pub mod logging;
pub mod metrics;
pub mod rate_limit;
pub mod request_id;
pub mod security_headers;
pub mod usage;
