//! Turns by weight: of targets that are asked one after the other, and of the addresses of a name.

/// The order of turns in which each stands as often as its weight says, and as far from itself as it can ("smooth weighted
/// round robin", as nginx has it). It is made once.
pub(super) fn order(weights: &[u32]) -> Box<[u8]> {
    let common = weights.iter().copied().fold(0, divisor).max(1);
    let weights: Vec<i64> = weights.iter().map(|weight| i64::from(weight / common)).collect();
    let all: i64 = weights.iter().sum();
    let mut credit = vec![0_i64; weights.len()];
    let mut turns = Vec::new();
    for _ in 0..all {
        credit.iter_mut().zip(&weights).for_each(|(credit, weight)| *credit += weight);
        let best = credit.iter().enumerate().max_by_key(|(i, credit)| (**credit, std::cmp::Reverse(*i)));
        let Some((best, _)) = best else { break };
        turns.extend(u8::try_from(best));
        if let Some(credit) = credit.get_mut(best) {
            *credit -= all;
        }
    }
    turns.into()
}

/// The greatest common divisor.
fn divisor(a: u32, b: u32) -> u32 {
    match b.checked_rem(a) {
        None => b,
        Some(rest) => divisor(rest, a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_turns_by_its_weight_and_as_far_apart_as_can_be() {
        for (weights, wanted) in [
            (&[100, 100][..], &[0, 1][..]),
            (&[3, 1], &[0, 0, 1, 0]),
            (&[4, 2], &[0, 1, 0]),
            (&[5, 1, 1], &[0, 0, 1, 0, 2, 0, 0]),
            (&[0, 3], &[1]),
            (&[0, 0], &[]),
            (&[], &[]),
        ] {
            assert_eq!(&*order(weights), wanted, "{weights:?}");
        }
    }
}
