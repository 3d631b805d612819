use proptest::prelude::*;

use super::Board;
use super::tests::{board_at, plan};

const MANY: &str = "
record: { trace_id: t }
signals:
  - { counter: c_total, labels: { a: a, b: { bucketize: n, at: [0, 1] } } }
  - { counter: s_total, add: n, labels: { a: a } }
  - { histogram: h, of: n, buckets: [0, 0.5, 1e9], labels: { a: a } }
  - { gauge: g, of: n, labels: { a: a } }
  - { gauge: mean, of: n, keep: mean, span: 10s }
  - { gauge: least, of: n, keep: min, span: 10s }
  - { info: i, labels: { a: a } }
";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn boards_of_any_parts_add_up_to_that_of_one_pass(
        records in prop::collection::vec((0..4_u8, prop_oneof![any::<f64>(), -2.0..2.0_f64], 0..3_u8), 0..40),
        parts in prop::collection::vec(0..4_usize, 40),
    ) {
        let plan = plan(MANY);
        let texts: Vec<String> = records
            .iter()
            .map(|(a, n, trace)| {
                let n = if n.is_finite() { format!("{n:?}") } else { "null".to_owned() };
                format!("{{\"a\": {a}, \"n\": {n}, \"t\": \"{trace}af7651916cd43dd8448eb211c80319c\"}}")
            })
            .collect();
        let numbered: Vec<(u64, &str)> = texts.iter().enumerate().map(|(i, it)| (i as u64, it.as_str())).collect();
        let whole = board_at(&plan, &numbered);
        let mut split = vec![Vec::new(); 4];
        for (it, part) in numbered.iter().zip(&parts) {
            split[*part].push(*it);
        }
        let mut sum = Board::new(&plan.signals);
        for part in split.iter().rev() {
            sum.merge(&board_at(&plan, part));
        }
        let now = numbered.len() as i64 * 1_000_000;
        prop_assert_eq!(sum.families(now), whole.families(now));
        prop_assert_eq!(sum.lost(), whole.lost());
    }
}
