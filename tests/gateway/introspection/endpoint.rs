//! An introspection endpoint that does what a test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use testkit::scripted::{Peer, Scripted};
use tokio::sync::watch;

/// The endpoint; it ends when this is dropped.
pub(crate) struct Endpoint {
    server: Scripted,
    book: Arc<Book>,
}

struct Book {
    answers: Mutex<BTreeMap<String, Value>>,
    asked: Mutex<Vec<Asked>>,
    /// Answers are held back while this is true.
    holds: watch::Sender<bool>,
}

/// One question.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) authorization: Option<String>,
    pub(crate) accept: Option<String>,
    pub(crate) form: BTreeMap<String, String>,
}

impl Endpoint {
    /// Says of each token what was told of it, and that all others are inactive.
    pub(crate) async fn start() -> Self {
        let book = Arc::new(Book {
            answers: Mutex::default(),
            asked: Mutex::default(),
            holds: watch::Sender::new(false),
        });
        let shared = Arc::clone(&book);
        let server = Scripted::start(move |peer| serve(peer, Arc::clone(&shared))).await;
        Self { server, book }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/introspect", self.server.url())
    }

    /// What it says of a token from now on; text is said as it is, a signed answer.
    pub(crate) fn says(&self, token: &str, answer: Value) {
        self.book.answers.lock().expect("the answers").insert(token.to_owned(), answer);
    }

    /// Holds its answers back, or gives them.
    pub(crate) fn hold(&self, holds: bool) {
        self.book.holds.send_replace(holds);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.book.asked.lock().expect("the questions").clone()
    }

    /// How often it was asked about a token.
    pub(crate) fn count(&self, token: &str) -> usize {
        self.asked().iter().filter(|asked| asked.form["token"] == token).count()
    }
}

async fn serve(mut peer: Peer, book: Arc<Book>) -> Option<()> {
    loop {
        let (head, form) = question(&mut peer).await?;
        let form: BTreeMap<String, String> =
            url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        let token = form["token"].clone();
        let (authorization, accept) = (field(&head, "authorization"), field(&head, "accept"));
        book.asked.lock().ok()?.push(Asked { authorization, accept, form });
        book.holds.subscribe().wait_for(|holds| !holds).await.ok()?;
        let known = book.answers.lock().ok()?.get(&token).cloned();
        let said = match known.unwrap_or_else(|| json!({"active": false})) {
            Value::String(jwt) => answer("200 OK", "application/token-introspection+jwt", &jwt),
            json => answer("200 OK", "application/json", &json.to_string()),
        };
        peer.say(&said).await?;
    }
}

/// The next question: its head, and its form as it came.
pub(crate) async fn question(peer: &mut Peer) -> Option<(String, String)> {
    let head = peer.head().await?;
    let length = field(&head, "content-length")?.parse().ok()?;
    let mut form = String::new();
    while form.len() < length {
        form.push_str(&peer.until_any().await?);
    }
    Some((head, form))
}

pub(crate) fn field(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

pub(crate) fn answer(status: &str, media_type: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n{body}")
}
