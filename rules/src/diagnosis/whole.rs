//! What remains when all is looked at: a loss that nothing explains, chance, too few labels.

use super::fields::known;
use super::words::{by, get, percent, short};
use super::{Case, Category, Hypothesis};

/// A share of the loss that explains it.
const EXPLAINS: f64 = 0.5;

/// Adds what follows from all other hypotheses.
pub(super) fn complete(case: &Case, found: &mut Vec<Hypothesis>) {
    let coverage = coverage(case);
    found.extend(few_labels(case, coverage));
    match &case.loss {
        Some(loss) if !loss.is_clear => found.extend(chance(case)),
        Some(_) => found.extend(concept(case, found)),
        None => {}
    }
    let is_small = case.loss.as_ref().is_some_and(|it| !it.is_clear);
    if is_small {
        // Without a loss nothing has caused one.
        for it in found.iter_mut().filter(|it| it.cause != "chance" && it.cause != "few_labels") {
            it.score *= 0.7;
        }
    }
}

/// Predictions with a label, and all, before and now.
fn coverage(case: &Case) -> [[u64; 2]; 2] {
    let mut sides = [[0, 0], [0, 0]];
    for it in &case.input.rows {
        let side = &mut sides[usize::from(it.is_now)];
        side[0] += u64::from(it.loss.is_some());
        side[1] += 1;
    }
    sides
}

fn few_labels(case: &Case, [before, now]: [[u64; 2]; 2]) -> Option<Hypothesis> {
    let share = |[labelled, all]: [u64; 2]| labelled as f64 / all.max(1) as f64;
    let (was, is) = (share(before), share(now));
    if now[1] == 0 || before[0] == 0 || is >= 0.5 * was {
        return None;
    }
    let mut it = Hypothesis::new((Category::Data, "few_labels", "labels"), 1.0 - is / was, None);
    it.evidence.push(format!(
        "{} of the predictions have a label, {} before: those that came may not be like the others",
        percent(is),
        percent(was)
    ));
    it.number("coverage_before", was);
    it.number("coverage_now", is);
    it.verify.push(get(case.input, "/v1/predictions", &[("outcome", "unlabelled")]));
    Some(it)
}

fn chance(case: &Case) -> Option<Hypothesis> {
    let loss = case.loss.as_ref()?;
    let mut it = Hypothesis::new((Category::Data, "chance", ""), 0.0, None);
    it.score = loss.p_value.map_or(0.3, |it| 0.5 + 0.4 * it.min(1.0));
    it.evidence.push(match loss.p_value {
        Some(p) => format!("{}: a change like this comes by chance in {} of all cases", loss.told(), percent(p)),
        None => format!("{}; there are fewer than three windows before to tell it from chance", loss.told()),
    });
    if let Some(p) = loss.p_value {
        it.number("p_value", p);
    }
    it.number("n", loss.n as f64);
    it.verify.push(get(case.input, "/v1/predictions", &[("outcome", "labelled")]));
    Some(it)
}

/// Quality fell, and nothing that was looked at accounts for it: what is true of the same inputs may have changed.
fn concept(case: &Case, found: &[Hypothesis]) -> Option<Hypothesis> {
    let looked = known(case).into_iter().filter(|it| !case.input.outputs.contains(&it.name)).count();
    let causes = || found.iter().filter(|it| it.cause != "few_labels" && it.cause != "calibration");
    let best = causes().filter_map(|it| it.share).map(|it| it.value).fold(0.0_f64, f64::max);
    let is_open = causes().any(|it| it.share.is_none() && it.score >= 0.2);
    if best >= EXPLAINS || (best == 0.0 && is_open && !case.is_shared_out()) {
        return None;
    }
    let mut it = Hypothesis::new((Category::Model, "concept", ""), 0.0, None);
    it.score = match (looked, is_open) {
        (0, _) => 0.2,
        (_, true) => 0.4 * (1.0 - best),
        (_, false) => 0.7 * (1.0 - best.max(0.0)),
    };
    // Of few labels a field that drifted is put down to little, with an interval that says how little is known.
    let possible = causes().filter_map(|it| it.share).map(|it| it.high).fold(0.0_f64, f64::max);
    if possible >= EXPLAINS {
        it.score *= 0.5;
    }
    it.evidence.push(match looked {
        0 => "quality fell, and no field is known that could show why: keep fields (`predictions: {keep: [..]}`, `stable`)".to_owned(),
        n => format!(
            "quality fell, and none of the {n} fields looked at accounts for half of it (the most: {}): what is true \
             of the same inputs may have changed",
            percent(best.max(0.0))
        ),
    });
    it.number("unexplained", 1.0 - best.clamp(0.0, 1.0));
    it.number("fields", looked as f64);
    it.verify.push(by(case.input, "prediction"));
    Some(it)
}

/// What was looked at, in words.
pub(super) fn looked_at(case: &Case) -> Vec<String> {
    let input = case.input;
    let mut out = Vec::new();
    let fields = known(case);
    let names = |outputs: bool| {
        let own = fields.iter().filter(|it| input.outputs.contains(&it.name) == outputs);
        own.map(|it| it.name.as_str()).collect::<Vec<_>>()
    };
    if !names(false).is_empty() {
        out.push(format!("{} fields: {}", names(false).len(), names(false).join(", ")));
    }
    let [before, now] = coverage(case);
    if before[1] + now[1] > 0 {
        out.push(format!(
            "{} predictions before ({} labelled) and {} now ({} labelled)",
            before[1], before[0], now[1], now[0]
        ));
    }
    if !input.fared.is_empty() {
        out.push(format!("{} expectations of windows", input.fared.len()));
    }
    if let Some([before, now]) = input.volume {
        out.push(format!("{} records before and {} now", before.records, now.records));
    }
    let of = |it: &&super::Event| it.at >= input.reference.from && it.at < input.span.to;
    out.push(format!("{} deployments and other events", input.events.iter().filter(of).count()));
    let outputs = fields.iter().filter(|it| input.outputs.contains(&it.name));
    for it in outputs {
        let sides = it.before.against(&it.now).ok();
        if let Some((_, distance)) = sides.and_then(|it| super::fields::drifted(&it)) {
            let distance = short(distance);
            out.push(format!(
                "what the model answers (`{}`) drifted too, Jensen-Shannon distance {distance}: a symptom",
                it.name
            ));
        }
    }
    out
}
