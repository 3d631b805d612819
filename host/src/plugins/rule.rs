//! A capability that was opened: record checks with warm instances, summaries with a fresh one a job.

use std::sync::Arc;
use std::time::Instant;

use driftline_rules::plugin::{
    Batch, Capability, Checker, Comparison, Context, Fault, Measurement, Opened, Summarizer, Verdicts,
};
use wasmtime::Store;
use wasmtime::component::ResourceAny;

use super::answers;
use super::circuit::Circuit;
use super::counted::Counted;
use super::guest::{Broken, Guest, Live};
use super::idle::{Idle, Warm};
use super::limits::Limits;
use super::loaded::Loaded;
use super::v0_1::{Answer, Declared, Summaries};

/// What an opened capability of either sort has.
#[derive(Debug)]
struct Rule {
    loaded: Arc<Loaded>,
    limits: Limits,
    capability: Capability,
    opened: Opened,
    circuit: Circuit,
    counted: Counted,
}

/// Why there is no answer.
enum Trouble {
    /// The guest says so; its instance is as good as before.
    Declared(Declared),
    /// It trapped, or answered what cannot be; the instance is gone.
    Broken(String),
    /// The host has no room for an instance; the guest was never asked.
    NoRoom(String),
}

impl From<Broken> for Trouble {
    fn from(it: Broken) -> Trouble {
        match it {
            Broken::Died(why) => Trouble::Broken(why),
            Broken::NoRoom(why) => Trouble::NoRoom(why),
        }
    }
}

impl Rule {
    fn new(loaded: &Arc<Loaded>, limits: &Limits, opened: &Opened) -> Result<Rule, Fault> {
        let label = loaded.label();
        let Some(capability) = loaded.about.capabilities.iter().find(|it| it.id == opened.capability) else {
            let has: Vec<_> = loaded.about.capabilities.iter().map(|it| format!("`{}`", it.id)).collect();
            let (id, has) = (&opened.capability, has.join(", "));
            return Err(Fault::Failed(format!("plugin {label} has no rule `{id}`; it has {has}")));
        };
        Ok(Rule {
            loaded: Arc::clone(loaded),
            limits: limits.clone(),
            capability: capability.clone(),
            opened: opened.clone(),
            circuit: Circuit::default(),
            counted: Counted::new(&loaded.about.name),
        })
    }

    fn fresh(&self) -> Result<Live, Broken> {
        self.loaded.instance(&self.limits)
    }

    fn failed(&self, why: &str) -> String {
        format!("plugin {}, rule `{}`: {why}", self.loaded.label(), self.opened.capability)
    }

    /// Runs a job unless the circuit is open, and tells the circuit how it ended.
    fn run<T>(&self, job: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Fault> {
        let begun = Instant::now();
        let seen = self.circuit.ask(begun).map_err(|it| {
            self.counted.refused();
            Fault::Failed(self.failed(&it))
        })?;
        let answer = job();
        match &answer {
            Err(Trouble::Broken(why)) => self.circuit.fail(seen, Instant::now(), why),
            Err(Trouble::NoRoom(_)) => self.circuit.give_back(seen, Instant::now()),
            Ok(_) | Err(Trouble::Declared(_)) => self.circuit.succeed(),
        }
        let outcome = match &answer {
            Ok(_) => "ok",
            Err(Trouble::Declared(_)) => "error",
            Err(Trouble::Broken(_)) => "broken",
            Err(Trouble::NoRoom(_)) => "no-room",
        };
        self.counted.called(outcome, begun.elapsed(), self.circuit.is_open());
        answer.map_err(|it| match it {
            Trouble::Declared(Declared::Params(it)) => Fault::Params(self.failed(&it)),
            Trouble::Declared(Declared::TooLittle(it)) => Fault::TooLittle(self.failed(&it)),
            Trouble::Declared(Declared::Failed(it)) | Trouble::Broken(it) | Trouble::NoRoom(it) => {
                Fault::Failed(self.failed(&it))
            }
        })
    }

    /// A call that may end the instance or be declined.
    fn call<T>(&self, live: &mut Live, run: impl FnOnce(&mut Store<Guest>) -> Answer<T>) -> Result<T, Trouble> {
        let answer = live.call(&self.limits, run);
        self.counted.held(live.memory());
        answer?.map_err(|it| Trouble::Declared(cut_declared(it, &self.limits)))
    }
}

fn cut_declared(it: Declared, limits: &Limits) -> Declared {
    let cut = |it| super::limits::cut(it, limits.message);
    match it {
        Declared::Params(it) => Declared::Params(cut(it)),
        Declared::TooLittle(it) => Declared::TooLittle(cut(it)),
        Declared::Failed(it) => Declared::Failed(cut(it)),
    }
}

/// A record check. Instances that are not in use wait, opened, for the next batch.
#[derive(Debug)]
pub(super) struct RecordCheck {
    rule: Rule,
    idle: Arc<Idle>,
}

impl RecordCheck {
    /// Opens the check once, so that parameters that do not fit together are known now.
    pub fn open(loaded: &Arc<Loaded>, limits: &Limits, opened: &Opened) -> Result<RecordCheck, Fault> {
        let rule = Rule::new(loaded, limits, opened)?;
        let idle = loaded.runtime.idle.place();
        let it = RecordCheck { rule, idle };
        let first = it.rule.run(|| it.open_one())?;
        it.keep(first);
        Ok(it)
    }

    fn open_one(&self) -> Result<Warm, Trouble> {
        let rule = &self.rule;
        let mut live = rule.fresh()?;
        let instance = live.instance;
        let checker = rule.call(&mut live, |store| rule.loaded.exports.checker(store, &instance, &rule.opened))?;
        Ok(Warm { live, checker })
    }

    fn keep(&self, it: Warm) {
        let Rule { loaded, limits, .. } = &self.rule;
        if !it.live.is_worn(limits) && loaded.runtime.has_room_to_wait() {
            self.idle.keep(it, limits.warm);
        }
    }
}

impl Checker for RecordCheck {
    fn check(&self, context: &Context, batch: &Batch, max_findings: u32) -> Result<Verdicts, Fault> {
        let rule = &self.rule;
        rule.run(|| {
            let Warm { mut live, checker } = self.idle.take().map_or_else(|| self.open_one(), Ok)?;
            let answer = rule.call(&mut live, |store| checker.check(store, context, batch, max_findings));
            if let Err(Trouble::Broken(_)) = answer {
                return answer;
            }
            // An answer that lies is the end of the instance too: nobody knows what else is wrong in it.
            let answer = match answer {
                Ok(it) => Ok(answers::verdicts(it, batch, max_findings, &rule.limits).map_err(Trouble::Broken)?),
                declared => declared,
            };
            self.keep(Warm { live, checker });
            answer
        })
    }
}

/// The summaries of a drift test or a metric: an instance a job.
#[derive(Debug)]
pub(super) struct Summary(Rule);

/// An instance while a job runs.
struct Job<'a> {
    rule: &'a Rule,
    live: Live,
    summaries: Summaries,
}

impl Job<'_> {
    fn open(&mut self) -> Result<ResourceAny, Trouble> {
        let Job { rule, live, summaries } = self;
        rule.call(live, |store| summaries.open(store, &rule.opened))
    }

    fn merge(&mut self, into: ResourceAny, state: Option<&[u8]>) -> Result<(), Trouble> {
        let Job { rule, live, summaries } = self;
        match state {
            Some(state) => rule.call(live, |store| summaries.merge(store, into, state)),
            None => Ok(()),
        }
    }

    fn save(&mut self, it: ResourceAny) -> Result<Vec<u8>, Trouble> {
        let Job { rule, live, summaries } = self;
        let state = rule.call(live, |store| summaries.save(store, it))?;
        answers::state(state, &rule.limits).map_err(Trouble::Broken)
    }
}

impl Summary {
    /// Opens a summary once, so that parameters that do not fit together are known now.
    pub fn open(loaded: &Arc<Loaded>, limits: &Limits, opened: &Opened) -> Result<Summary, Fault> {
        let it = Summary(Rule::new(loaded, limits, opened)?);
        it.0.run(|| it.job()?.open().map(drop))?;
        Ok(it)
    }

    fn job(&self) -> Result<Job<'_>, Trouble> {
        let rule = &self.0;
        let mut live = rule.fresh()?;
        let (instance, task) = (live.instance, rule.capability.task);
        let summaries = live.call(&rule.limits, |store| rule.loaded.exports.summaries(store, &instance, task))?;
        Ok(Job { rule, live, summaries })
    }
}

impl Summarizer for Summary {
    fn observe(&self, state: Option<&[u8]>, batch: &Batch) -> Result<Vec<u8>, Fault> {
        self.0.run(|| {
            let mut job = self.job()?;
            let it = job.open()?;
            job.merge(it, state)?;
            let Job { rule, live, summaries } = &mut job;
            rule.call(live, |store| summaries.observe(store, it, batch))?;
            job.save(it)
        })
    }

    fn merge(&self, states: &[&[u8]]) -> Result<Vec<u8>, Fault> {
        self.0.run(|| {
            let mut job = self.job()?;
            let it = job.open()?;
            for state in states {
                job.merge(it, Some(state))?;
            }
            job.save(it)
        })
    }

    fn finish(&self, context: &Context, state: Option<&[u8]>) -> Result<Vec<Measurement>, Fault> {
        self.0.run(|| {
            let mut job = self.job()?;
            let it = job.open()?;
            job.merge(it, state)?;
            let Job { rule, live, summaries } = &mut job;
            let answer = rule.call(live, |store| summaries.finish(store, it, context))?;
            answers::measurements(answer, &rule.capability, &rule.limits).map_err(Trouble::Broken)
        })
    }

    fn compare(
        &self,
        context: &Context,
        reference: Option<&[u8]>,
        current: Option<&[u8]>,
    ) -> Result<Comparison, Fault> {
        self.0.run(|| {
            let mut job = self.job()?;
            let (before, now) = (job.open()?, job.open()?);
            job.merge(before, reference)?;
            job.merge(now, current)?;
            let Job { rule, live, summaries } = &mut job;
            let answer = rule.call(live, |store| summaries.compare(store, context, before, now))?;
            answers::comparison(answer, &rule.capability, &rule.limits).map_err(Trouble::Broken)
        })
    }
}
