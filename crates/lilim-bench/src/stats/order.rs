//! In which order the arms of a comparison run, round by round.

use super::random::{Purpose, Random};

/// Orders the arms of each round: every second round runs the order before it backwards (ABBA), and
/// every such pair starts from a random order. Within a pair all arms have the same mean position,
/// so a machine that slows down steadily slows all of them alike.
///
/// *Source:* counterbalancing, as in Box, Hunter and Hunter, "Statistics for Experimenters",
/// chapter 4.
pub fn round_orders<T: Clone>(arms: &[T], rounds: usize, seed: u64) -> Vec<Vec<T>> {
    let mut random = Random::new(seed, Purpose::Order);
    let mut orders: Vec<Vec<T>> = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let order = if round % 2 == 1 {
            orders[round - 1].iter().rev().cloned().collect()
        } else {
            let mut order = arms.to_vec();
            random.shuffle(&mut order);
            order
        };
        orders.push(order);
    }
    orders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_arms_run_abba_or_baab() {
        let orders = round_orders(&['a', 'b'], 40, 1);
        let mut starts = 0;
        for pair in orders.chunks(2) {
            let text: String = pair.iter().flatten().collect();
            assert!(text == "abba" || text == "baab", "{text}");
            starts += usize::from(text == "abba");
        }
        assert!(
            (4..=16).contains(&starts),
            "{starts} of 20 pairs start with a"
        );
    }

    #[test]
    fn each_arm_has_the_same_mean_position_within_a_pair() {
        for pair in round_orders(&[0, 1, 2], 12, 2).chunks(2) {
            for arm in 0..3 {
                let position = |order: &[i32]| order.iter().position(|&a| a == arm).unwrap();
                assert_eq!(position(&pair[0]) + position(&pair[1]), 2);
            }
        }
    }

    #[test]
    fn one_seed_gives_one_order() {
        let with = |seed| round_orders(&[0, 1], 30, seed);
        assert_eq!(with(1), with(1));
        assert_ne!(with(1), with(2));
        assert_eq!(round_orders(&[0, 1], 31, 1)[..30], with(1)[..]);
        assert_eq!(round_orders::<u8>(&[], 3, 1), vec![Vec::<u8>::new(); 3]);
    }
}
