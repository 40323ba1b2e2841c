//! The saga's moves that a statement writes by itself: they are the machine's too.

use domain::saga::{SagaEvent, SagaState, next};
use std::{fs, path::Path};

/// `update saga set state = '…'` with the state it is moved from, where a statement says both
/// itself.
const WRITTEN: [(&str, SagaState, SagaEvent); 4] = [
    ("sqlite/fragments/supersede.sql", SagaState::AwaitingAction, SagaEvent::Superseded),
    ("postgres/functions/supersede.sql", SagaState::AwaitingAction, SagaEvent::Superseded),
    ("fragments/ask_capture.sql", SagaState::Completed, SagaEvent::CaptureRequested),
    ("commands/order_cancel.sql", SagaState::Capturing, SagaEvent::CaptureGivenUp),
];

#[test]
fn what_a_statement_makes_of_a_saga_is_what_the_machine_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/sql");
    let mut found = Vec::new();
    for folder in [
        "commands",
        "fragments",
        "statements",
        "sqlite/commands",
        "sqlite/fragments",
        "sqlite/statements",
        "postgres/commands",
        "postgres/functions",
        "postgres/statements",
    ] {
        for file in fs::read_dir(root.join(folder)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let text = fs::read_to_string(root.join(folder).join(&name)).unwrap();
            for update in text.split("update saga set state = '").skip(1) {
                found.push((
                    format!("{folder}/{name}"),
                    update.split('\'').next().unwrap().to_owned(),
                    text.clone(),
                ));
            }
        }
    }
    assert_eq!(
        found.len(),
        WRITTEN.len(),
        "{:?}",
        found.iter().map(|(file, state, _)| (file, state)).collect::<Vec<_>>()
    );
    for (file, from, event) in WRITTEN {
        let (_, to, text) = found.iter().find(|(name, ..)| name == file).unwrap();
        assert_eq!(next(from, event).unwrap().as_str(), to, "{file}");
        assert!(text.contains(&format!("state = '{from}'")), "{file} is fenced by {from}");
    }
}
