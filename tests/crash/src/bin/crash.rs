//! The crash proof; `cargo till prove --only crash` starts a shop for it. `EDGETILL_CRASH_PAIRS`,
//! `EDGETILL_CRASH_SEED`, `EDGETILL_CRASH_BUYERS=2` for a patient and an impatient buyer at every
//! point, `EDGETILL_CRASH_EVERY=4` for one of the four faults at every call, and a part of a case's
//! name as argument for that case alone.

use std::{process::ExitCode, time::Instant};

use crash::{Case, Proof, Seed, WORKS, Weather, pairs, requests, workers};
use e2e::{Settings, Shop};

fn main() -> ExitCode {
    let begun = Instant::now();
    let only = std::env::args().nth(1);
    let wanted = |name: &str| only.as_deref().is_none_or(|only| name.contains(only));
    let mut seed = Seed::of_environment();
    println!("seed of the pairs: EDGETILL_CRASH_SEED={}", seed.number());
    // A point that fails is told in the table's company, and not by a backtrace each.
    std::panic::set_hook(Box::new(|_| {}));
    let shop = Shop::alone();
    let mut proof = Proof::default();
    let part = |proof: &mut Proof, name: &str, work: &mut dyn FnMut(&mut Proof)| {
        if wanted(name) {
            let begun = Instant::now();
            proof.part(name, work);
            eprintln!("  {name}: {} ms", begun.elapsed().as_millis());
        }
    };
    for (weather, case) in
        Weather::ALL.into_iter().flat_map(|weather| Case::ALL.map(|case| (weather, case)))
    {
        if weather.matters_to(case) {
            part(&mut proof, &weather.name_of(case), &mut |proof| {
                requests(&shop, case, weather, proof)
            });
        }
    }
    for work in 0..WORKS {
        part(&mut proof, "workers", &mut |proof| workers(&shop, work, proof));
    }
    part(&mut proof, "pairs", &mut |proof| pairs(&shop, &mut seed, proof));
    // The shop has been audited after each part; what was found there is in the table.
    std::mem::forget(shop);
    let title = format!("Crash proof, events to {:?}", Settings::get().sink);
    if proof.tell(&title, begun) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
