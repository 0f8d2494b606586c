//! Floods of credentials that are no good: tokens whose signature does not verify, and API keys that nobody has.

use std::time::Duration;

use testkit::raw::Wire;

use super::fates::{Fate, Fates};

const PATIENCE: Duration = Duration::from_secs(10);

/// Tries each of these fields once, on so many kept connections.
async fn try_all(port: u16, connections: usize, target: &'static str, fields: Vec<String>) -> Fates {
    let share = fields.len().div_ceil(connections);
    let tasks: tokio::task::JoinSet<Fates> = fields
        .chunks(share)
        .map(<[String]>::to_vec)
        .map(|fields| async move {
            let mut fates = Fates::default();
            let mut wire = None;
            for field in fields {
                let mut open = match wire.take() {
                    Some(open) => open,
                    None => match Wire::here(port).await {
                        Some(open) => open,
                        None => {
                            fates.add(Fate::NoConnection);
                            continue;
                        }
                    },
                };
                open.say(
                    format!("GET {target} HTTP/1.1\r\nHost: gateway.test\r\n{field}\r\n\r\n").as_bytes(),
                )
                .await;
                let came = open.answer(PATIENCE).await;
                fates.add(Fate::of(&came));
                if !came.ended {
                    wire = Some(open);
                }
            }
            fates
        })
        .collect();
    let mut all = Fates::default();
    for fates in tasks.join_all().await {
        all.join(&fates);
    }
    all
}

/// A good token, with another signature each time.
pub(crate) async fn signatures(port: u16, token: &str, count: usize) -> Fates {
    let (signed, _) = token.rsplit_once('.').expect("three parts");
    let fields = (0..count)
        .map(|n| {
            let mut signature = vec![b'A'; 86];
            let digits = format!("{n:06}");
            signature[..digits.len()].copy_from_slice(digits.as_bytes());
            format!("Authorization: Bearer {signed}.{}", String::from_utf8_lossy(&signature))
        })
        .collect();
    try_all(port, 16, "/good", fields).await
}

/// Keys of the right form and with right check digits, so that each is looked up.
pub(crate) async fn api_keys(port: u16, count: usize) -> Fates {
    let fields = (0..count)
        .map(|n| {
            let body = format!("pck_{n:08}_{:030}", n * 7919);
            format!("X-API-Key: {body}{}", check(body.as_bytes()))
        })
        .collect();
    try_all(port, 16, "/keyed", fields).await
}

/// CRC-32 in six digits of base 62, as keys end.
fn check(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    }) as usize;
    let mut out = [b'0'; 6];
    for digit in out.iter_mut().rev() {
        *digit = DIGITS[rest % 62];
        rest /= 62;
    }
    String::from_utf8_lossy(&out).into_owned()
}
