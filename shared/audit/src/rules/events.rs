//! Events on their way, and receipts.

use crate::Rule;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "waiting_event_is_not_late",
        sentence: "No event waits longer than it may, where there is a sink to send it to.",
        look_at: "whether the worker outbox-relay runs, and whether the sink answers",
        walk: "waiting_events",
        subject: "e.event_id",
        detail: "{object}('aggregate', e.aggregate, 'type', e.type, 'attempts', e.attempts, \
                 'age_ms', now.ms - e.created_at_ms)",
        // One that an operator sends again waits since then, however old it is.
        broken: "{looked} as e, now where coalesce(e.failing_since_ms, e.next_attempt_at_ms) < now.ms - cast({doc} ->> 'event_age_ms' as bigint)",
    },
    Rule {
        code: "dead_event_has_its_alert",
        sentence: "An event that was given up has raised its alert.",
        look_at: "the event: its receivers have never heard of it, and nobody was told",
        walk: "events",
        subject: "e.event_id",
        detail: "{object}('aggregate', e.aggregate, 'type', e.type)",
        broken: "{looked} as e where e.state = 'dead' and not exists (select 1 from alert as a where a.alert_id = 'outbox_dead:' || e.event_id)",
    },
    Rule {
        code: "told_event_is_not_late",
        sentence: "What a program has told waits no longer than until it is due.",
        look_at: "whether the worker inbox-work runs",
        walk: "waiting_told",
        subject: "i.source || ' ' || i.event_id",
        detail: "{object}('type', i.type, 'attempts', i.attempts)",
        broken: "{looked} as i, now where i.next_attempt_at_ms < now.ms - cast({doc} ->> 'overdue_ms' as bigint)",
    },
    Rule {
        code: "dead_told_event_has_its_alert",
        sentence: "What a program has told and was given up has raised its alert.",
        look_at: "the event: what it means was never done, and nobody was told",
        walk: "dead_told",
        subject: "i.source || ' ' || i.event_id",
        detail: "{object}('type', i.type, 'last_error', i.last_error)",
        broken: "{looked} as i, now where i.next_attempt_at_ms < now.ms - cast({doc} ->> 'overdue_ms' as bigint)
    and not exists (select 1 from alert as a where a.alert_id = 'inbox_dead:' || i.source || ' ' || i.event_id)",
    },
    Rule {
        code: "settled_event_has_its_reason",
        sentence: "An event that an operator has given up for good has its history: who, when, why.",
        look_at: "the event: its receivers will never hear of it, and nobody says why",
        walk: "events",
        subject: "e.event_id",
        detail: "{object}('aggregate', e.aggregate, 'type', e.type)",
        broken:
            "{looked} as e where e.state = 'resolved' and not exists (select 1 from history as h
    where h.subject = 'event/' || e.event_id and h.kind = 'resolved')",
    },
    Rule {
        code: "dead_delivery_has_its_alert",
        sentence: "Of a receiver for which an event was given up there is an alert.",
        look_at: "the receiver's dead deliveries: it has never heard of them, and nobody was told",
        walk: "events",
        subject: "e.event_id || ' for ' || d.receiver_id",
        detail: "{object}('aggregate', e.aggregate, 'type', e.type)",
        broken: "{looked} as e join delivery as d on d.outbox_id = e.outbox_id
    where d.state = 'dead' and not exists (select 1 from alert as a where a.alert_id = 'receiver_dead:' || d.receiver_id)",
    },
    Rule {
        code: "delivery_has_its_receiver",
        sentence: "What is to be sent has a receiver, and was given to it once and for all.",
        look_at: "what deleted the receiver, and what marked the event as given to its receivers",
        walk: "events",
        subject: "e.event_id || ' for ' || d.receiver_id",
        detail: "{object}('state', d.state, 'fanned', e.fanned)",
        broken: "{looked} as e join delivery as d on d.outbox_id = e.outbox_id
    where e.fanned = 0 or not exists (select 1 from receiver as r where r.receiver_id = d.receiver_id)",
    },
    Rule {
        code: "idempotency_record_has_its_receipt",
        sentence: "An idempotency record has the receipt that replays answer with.",
        look_at: "which command took the key and did not finish",
        walk: "receipts",
        subject: "i.idempotency_key",
        detail: "null",
        broken: "{looked} as i where i.receipt is null",
    },
];
