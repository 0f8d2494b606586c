//! New inputs out of old ones: bytes changed, ranges taken out, doubled or moved in from another input, words of the
//! grammar put in, numbers counted up.

use rand::Rng as _;
use rand::rngs::StdRng;

/// No input grows longer.
const LONGEST: usize = 8 * 1024;

/// Changes `input` in one to four ways.
pub(crate) fn mutate(random: &mut StdRng, input: &mut Vec<u8>, other: &[u8], words: &[&str]) {
    for _ in 0..random.random_range(1..=4) {
        once(random, input, other, words);
        input.truncate(LONGEST);
    }
}

fn once(random: &mut StdRng, input: &mut Vec<u8>, other: &[u8], words: &[&str]) {
    let at = random.random_range(0..=input.len());
    let end = (at + length(random)).min(input.len());
    match random.random_range(0..10) {
        0 if at < input.len() => input[at] ^= 1 << random.random_range(0..8),
        1 if at < input.len() => input[at] = byte(random),
        2 => drop(input.splice(at..at, [byte(random)])),
        3 => drop(input.drain(at..end)),
        4 => {
            let piece = input[at..end].to_vec();
            let times = random.random_range(1..=8);
            input.splice(at..at, piece.repeat(times));
        }
        5 => {
            let from = random.random_range(0..=other.len());
            let to = (from + length(random)).min(other.len());
            input.splice(at..end, other[from..to].iter().copied());
        }
        6 => count(random, input),
        7 => {
            let word = words[random.random_range(0..words.len())];
            input.splice(at..end, word.bytes());
        }
        _ => {
            let word = words[random.random_range(0..words.len())];
            input.splice(at..at, word.bytes());
        }
    }
}

fn length(random: &mut StdRng) -> usize {
    if random.random_bool(0.8) { random.random_range(0..8) } else { random.random_range(0..200) }
}

fn byte(random: &mut StdRng) -> u8 {
    const TELLING: &[u8] = b"\0\t\n\r \"#%&'*+,-./:;<=>?@[\\]_`{|}~\x7f\x80\xc3\xe4\xff09azAZ";
    if random.random_bool(0.5) { TELLING[random.random_range(0..TELLING.len())] } else { random.random() }
}

/// Counts one digit of the input up or down.
fn count(random: &mut StdRng, input: &mut [u8]) {
    let digits: Vec<usize> = (0..input.len()).filter(|i| input[*i].is_ascii_digit()).collect();
    if let Some(at) = digits.get(random.random_range(0..=digits.len())) {
        input[*at] = b'0' + random.random_range(0..10);
    }
}
