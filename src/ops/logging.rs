//! The log: text or JSON lines on stderr.
//!
//! # Design
//! The library keeps no process-wide state: this module builds a subscriber, and `main` installs it.

use anyhow::Context as _;
use tracing::Subscriber;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::{EnvFilter, Layer, Registry, layer::SubscriberExt as _};

use crate::config::{Log, LogFormat, LogRequests};

/// Lines that may wait for the writer; beyond it they are dropped rather than delaying requests.
const BUFFERED_LINES: usize = 16_384;

/// A subscriber to be installed by `main`.
pub struct Logging {
    /// What `tracing::subscriber::set_global_default` takes.
    pub subscriber: Box<dyn Subscriber + Send + Sync>,
    /// Writes what is buffered when dropped: kept until the program ends.
    pub guard: Option<WorkerGuard>,
}

/// Builds the subscriber. With `requests = all` lines go through a writer that does not block.
pub fn subscriber(settings: &Log) -> anyhow::Result<Logging> {
    // PostgreSQL remarks on each start that the migrations table is there already.
    let filter = EnvFilter::try_new(format!("sqlx::postgres::notice=warn,{}", settings.level))
        .with_context(|| format!("log.level {:?} is no level and no list of directives", settings.level))?;
    let (writer, guard) = if settings.requests == LogRequests::All {
        let builder = NonBlockingBuilder::default().buffered_lines_limit(BUFFERED_LINES).lossy(true);
        let (writer, guard) = builder.finish(std::io::stderr());
        (BoxMakeWriter::new(writer), Some(guard))
    } else {
        (BoxMakeWriter::new(std::io::stderr), None)
    };
    let subscriber = Box::new(Registry::default().with(layer(settings.format, writer).with_filter(filter)));
    Ok(Logging { subscriber, guard })
}

fn layer(format: LogFormat, writer: BoxMakeWriter) -> Box<dyn Layer<Registry> + Send + Sync> {
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
        // Colours would end up in files and in `docker logs`.
        LogFormat::Text => lines.with_ansi(false).boxed(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(format: LogFormat) -> String {
        let lines = Lines::default();
        let sink = lines.clone();
        let writer = BoxMakeWriter::new(move || sink.clone());
        let subscriber = Registry::default().with(layer(format, writer));
        tracing::subscriber::with_default(subscriber, || tracing::info!(status = 200, "answered"));
        String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn json_lines_are_flat_objects() {
        let line = written(LogFormat::Json);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&value["message"], &value["status"], &value["level"]),
            (&"answered".into(), &200.into(), &"INFO".into())
        );
    }

    #[test]
    fn text_lines_carry_no_colours() {
        let line = written(LogFormat::Text);
        assert!(line.contains("answered status=200") && !line.contains('\u{1b}'), "{line}");
    }

    #[test]
    fn a_level_that_is_none_is_refused_by_name() {
        let mut settings = crate::config::Settings::default().log;
        assert!(subscriber(&settings).unwrap().guard.is_none());
        settings.requests = LogRequests::All;
        assert!(subscriber(&settings).unwrap().guard.is_some());
        settings.level = "registrar=loud".to_owned();
        assert!(subscriber(&settings).err().unwrap().to_string().contains("log.level"));
    }
}
