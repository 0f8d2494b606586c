//! Shows each access log line of the demo as one line for people.

use std::io::Write;

use serde_json::Value;

/// Turns JSON lines into short ones.
pub(super) struct LiveLog<W>(W);

impl<W: Write> LiveLog<W> {
    pub(super) const fn new(out: W) -> Self {
        Self(out)
    }
}

impl<W: Write> Write for LiveLog<W> {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        match serde_json::from_slice::<Value>(line) {
            Ok(entry) => writeln!(self.0, "{}", short(&entry))?,
            Err(_) => self.0.write_all(line)?,
        }
        self.0.flush()?;
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

fn short(entry: &Value) -> String {
    let text = |pointer: &str| match entry.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => "-".to_owned(),
        Some(other) => other.to_string(),
    };
    let caller = match (text("/auth/sub"), text("/auth/key_id")) {
        (sub, _) if sub != "-" => format!(" by {sub}"),
        (_, key) if key != "-" => format!(" with key {key}"),
        _ => String::new(),
    };
    format!(
        "  {} {} {}  {} ({}){caller}, {} ms",
        text("/status"),
        text("/method"),
        text("/path"),
        text("/auth/decision"),
        text("/auth/reason"),
        text("/duration_ms"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_was_decided_and_why() {
        let mut out = Vec::new();
        let line = br#"{"status":401,"method":"GET","path":"/a","duration_ms":0.1,"auth":{"decision":"deny","reason":"token_expired","sub":null,"key_id":null}}"#;
        LiveLog::new(&mut out).write_all(line).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "  401 GET /a  deny (token_expired), 0.1 ms\n");
    }
}
