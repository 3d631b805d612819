//! What a plugin has to do before it is taken in: what its page says, and what the laws say.

use std::sync::Arc;
use std::time::{Duration, Instant};

use driftline_rules::page;
use driftline_rules::plan::Options;
use driftline_rules::plugin::{Plugin, Plugins, Wanted};

use super::laws::{self, Outcome};
use super::loaded::LoadedPlugin;

/// Cases a law: few, since `driftline plugin test` is for many.
const CASES: u32 = 8;

/// The plugin, whatever a page calls its file.
#[derive(Debug)]
struct Own(Arc<LoadedPlugin>);

impl Plugins for Own {
    fn find(&self, wanted: &Wanted) -> Result<Arc<dyn Plugin>, String> {
        let own = &self.0.about().name;
        if wanted.name.replace('_', "-") != own.replace('_', "-") {
            return Err(format!("the page is of `{own}`, and only that plugin may stand in it"));
        }
        Ok(Arc::<LoadedPlugin>::clone(&self.0))
    }
}

/// Runs the cases of a plugin's page: how many there are, and all that does not hold.
pub fn run_page(plugin: &LoadedPlugin) -> (usize, Vec<String>) {
    let page = &plugin.about().page;
    let own = Arc::new(Own(Arc::new(plugin.clone())));
    let options = Options { plugins: Some(own), ..Options::default() };
    (page::cases(page).len(), page::run_with(page, &options))
}

/// Runs the cases of a plugin's page, then the laws until `time` is over. All that does not hold.
pub fn self_test(plugin: &LoadedPlugin, time: Duration) -> Vec<String> {
    let end = Instant::now() + time;
    let mut wrong: Vec<_> = run_page(plugin).1.into_iter().map(|it| format!("its page, {it}")).collect();
    for it in laws::try_until(plugin, CASES, Some(end)) {
        if let Outcome::Broken(why) = it.outcome {
            wrong.push(format!("rule `{}` breaks a law: {}: {why}", it.capability, it.law));
        }
    }
    wrong
}
