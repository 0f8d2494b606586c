//! A name server over UDP that answers what it is told, and says what it was asked.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// The name server; it ends when this is dropped.
pub struct Dns {
    /// Where it listens.
    pub address: SocketAddr,
    book: Arc<Mutex<Book>>,
    serving: JoinHandle<()>,
}

/// The data of a record.
#[derive(Debug, Clone)]
pub enum Data {
    /// A
    V4(Ipv4Addr),
    /// AAAA
    V6(Ipv6Addr),
    /// CNAME
    Alias(&'static str),
    /// SRV: priority, weight, port, host.
    Service(u16, u16, u16, &'static str),
}

/// What is said of a name.
#[derive(Debug, Clone)]
pub enum Says {
    /// These records, and nothing of other types; with how many seconds they hold.
    Records(u32, Vec<Data>),
    /// An error: 2 is SERVFAIL, 3 NXDOMAIN (RFC 1035 section 4.1.1).
    Code(u8),
    /// Nothing at all.
    Nothing,
}

#[derive(Default)]
struct Book {
    says: HashMap<String, Says>,
    asked: Vec<String>,
}

impl Data {
    const fn kind(&self) -> u16 {
        match self {
            Self::V4(_) => 1,
            Self::Alias(_) => 5,
            Self::V6(_) => 28,
            Self::Service(..) => 33,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::V4(address) => address.octets().to_vec(),
            Self::V6(address) => address.octets().to_vec(),
            Self::Alias(name) => labels(name),
            Self::Service(priority, weight, port, host) => {
                let numbers = [priority, weight, port].map(|number| number.to_be_bytes());
                [numbers.concat(), labels(host)].concat()
            }
        }
    }
}

impl Dns {
    /// Starts one at a loopback port that knows no name.
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        let address = socket.local_addr().expect("its address");
        let book: Arc<Mutex<Book>> = Arc::default();
        let serving = tokio::spawn(serve(socket, Arc::clone(&book)));
        Self { address, book, serving }
    }

    /// Says so of a name from now on. Of names that it was not told of it says NXDOMAIN.
    pub fn says(&self, name: &str, says: Says) {
        self.book.lock().expect("the book").says.insert(name.to_owned(), says);
    }

    /// These addresses, for so many seconds.
    pub fn addresses(&self, name: &str, seconds: u32, addresses: &[&str]) {
        let data = |text: &&str| match text.parse::<Ipv4Addr>() {
            Ok(address) => Data::V4(address),
            Err(_) => Data::V6(text.parse().expect("an address")),
        };
        self.says(name, Says::Records(seconds, addresses.iter().map(data).collect()));
    }

    /// How often a name was asked for.
    pub fn asked(&self, name: &str) -> usize {
        self.book.lock().expect("the book").asked.iter().filter(|asked| *asked == name).count()
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(socket: UdpSocket, book: Arc<Mutex<Book>>) {
    let mut query = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut query).await {
        if let Some(answer) = answer(&query[..length], &book) {
            // Whoever asked may be gone.
            let _gone = socket.send_to(&answer, from).await;
        }
    }
}

/// The answer to a query of one question (RFC 1035 section 4.1).
fn answer(query: &[u8], book: &Mutex<Book>) -> Option<Vec<u8>> {
    let (name, behind) = name_of(query.get(12..)?)?;
    let question = query.get(12..12 + behind + 4)?;
    let kind = u16::from_be_bytes([question[behind], question[behind + 1]]);
    let says = {
        let mut book = book.lock().expect("the book");
        book.asked.push(name.clone());
        book.says.get(&name).cloned().unwrap_or(Says::Code(3))
    };
    let (code, ttl, data) = match says {
        Says::Nothing => return None,
        Says::Code(code) => (code, 0, Vec::new()),
        Says::Records(ttl, data) => (0, ttl, data),
    };
    let fits = |data: &&Data| data.kind() == kind || matches!(data, Data::Alias(_));
    let data: Vec<&Data> = data.iter().filter(fits).collect();
    let count = u16::try_from(data.len()).expect("a few records").to_be_bytes();
    // An answer, from an authority, with recursion wanted and to be had.
    let mut answer = [&query[..2], &[0x85, 0x80 | code, 0, 1], &count, &[0; 4], question].concat();
    for data in data {
        let bytes = data.bytes();
        // The name is that of the question.
        answer.extend([0xc0, 12]);
        answer.extend(data.kind().to_be_bytes());
        answer.extend([0, 1]);
        answer.extend(ttl.to_be_bytes());
        answer.extend(u16::try_from(bytes.len()).expect("short data").to_be_bytes());
        answer.extend(bytes);
    }
    Some(answer)
}

/// A name in lower case, and how many bytes it takes.
fn name_of(bytes: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), 0);
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        labels.push(String::from_utf8_lossy(bytes.get(at..at + length)?).to_ascii_lowercase());
        at += length;
    }
}

fn labels(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(u8::try_from(label.len()).expect("a short label"));
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}
