//! One request of the load, and what must come back.

/// What the load client sends.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// The status that must come back: any of these.
    pub(crate) status: &'static [u16],
    /// The body that must come back with the first of them.
    pub(crate) answer: Option<String>,
}

impl Ask {
    /// A GET that a terse `Upstream` answers with 200 and the request line.
    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self::of("GET", target.into(), Vec::new())
    }

    /// A POST that a terse `Upstream` answers with 200 and the request line.
    pub(crate) fn post(target: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self::of("POST", target.into(), body.into())
    }

    /// A request that a terse `Upstream` answers with 200 and the request line.
    pub(crate) fn of(method: &'static str, target: String, body: Vec<u8>) -> Self {
        let answer = Some(format!("{method} {target}"));
        Self { method, target, headers: Vec::new(), body, status: &[200], answer }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// What must come back instead of 200; the body is not looked at.
    pub(crate) fn wants(mut self, status: &'static [u16]) -> Self {
        self.status = status;
        self.answer = None;
        self
    }

    /// As it stands on an HTTP/1.1 connection.
    pub(crate) fn bytes(&self, close: bool) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nHost: gateway.test\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        if self.method == "POST" || !self.body.is_empty() {
            text += &format!("Content-Length: {}\r\n", self.body.len());
        }
        if close {
            text += "Connection: close\r\n";
        }
        text += "\r\n";
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// What is wrong with an answer, if anything.
    pub(crate) fn fault(&self, status: u16, body: &[u8]) -> Option<String> {
        if !self.status.contains(&status) {
            return Some(format!("status {status}, not {:?}", self.status));
        }
        let wanted = self.answer.as_ref().filter(|_| self.status.first() == Some(&status))?;
        (wanted.as_bytes() != body).then(|| "another body".to_owned())
    }
}
