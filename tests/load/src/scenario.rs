//! What is measured: one request each, with what it needs around it.

use crate::buyer::{Answer, Buyer};
use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use std::time::Duration;

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// Health, which touches nothing: the runtime's own ceiling.
    Live,
    /// A new guest's cart.
    CreateCart,
    /// One more of a SKU.
    AddItem,
    /// A cart of three lines.
    GetCart,
    /// Its totals with tax and shipping.
    Totals,
    /// A checkout session.
    BeginCheckout,
    /// The whole confirm: claim, authorization, order, capture. Payment is the simulator, on the same machine.
    Confirm,
    /// A confirm again, answered by the gate.
    ReplayConfirm,
    /// An order.
    GetOrder,
}

/// One connection's part.
pub struct Driver {
    scenario: Scenario,
    buyer: Buyer,
    number: usize,
    turn: usize,
    /// The session or order the measured request names.
    subject: String,
}

impl Scenario {
    /// In the order they are printed.
    pub const ALL: [Self; 9] = [
        Self::Live,
        Self::CreateCart,
        Self::AddItem,
        Self::GetCart,
        Self::Totals,
        Self::BeginCheckout,
        Self::Confirm,
        Self::ReplayConfirm,
        Self::GetOrder,
    ];

    /// As the table shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live (touches nothing)",
            Self::CreateCart => "create cart",
            Self::AddItem => "add item",
            Self::GetCart => "get cart, 3 lines",
            Self::Totals => "totals, 3 lines",
            Self::BeginCheckout => "begin checkout, 3 lines",
            Self::Confirm => "confirm, 3 lines",
            Self::ReplayConfirm => "replay of a confirm",
            Self::GetOrder => "get order, 3 lines",
        }
    }

    /// A connection ready to measure.
    pub async fn prepare(self, url: &str, number: usize) -> Result<Driver> {
        let buyer = Buyer::connect(url).await?;
        let mut driver = Driver { scenario: self, buyer, number, turn: 0, subject: String::new() };
        match self {
            Self::Live | Self::CreateCart | Self::Confirm => {}
            Self::AddItem => drop(driver.buyer.become_guest().await?),
            Self::GetCart | Self::Totals | Self::BeginCheckout => driver.fill().await?,
            Self::ReplayConfirm => {
                driver.fill().await?;
                driver.subject = driver.session().await?;
                driver.order().await?;
            }
            Self::GetOrder => {
                driver.fill().await?;
                driver.subject = driver.session().await?;
                driver.subject = driver.order().await?;
            }
        }
        Ok(driver)
    }
}

impl Driver {
    /// One measured request: how long it took, and whether the answer was the expected one.
    pub async fn next(&mut self) -> Result<(Duration, bool)> {
        self.turn += 1;
        let (answer, expected) = match self.scenario {
            Scenario::Live => (self.buyer.send("GET", "/health/live", None, None).await?, 200),
            Scenario::CreateCart => (self.buyer.become_guest().await?, 201),
            Scenario::AddItem => (self.buyer.add(self.number * 7 + self.turn).await?, 200),
            Scenario::GetCart => (self.buyer.send("GET", "/api/v1/cart", None, None).await?, 200),
            Scenario::Totals => {
                let path = "/api/v1/cart/totals?country=VN&shipping_method=standard";
                (self.buyer.send("GET", path, None, None).await?, 200)
            }
            Scenario::BeginCheckout => (self.buyer.begin().await?, 201),
            Scenario::Confirm => {
                self.fill().await?;
                let session = self.session().await?;
                (self.buyer.confirm(&session, "load").await?, 201)
            }
            Scenario::ReplayConfirm => {
                let session = self.subject.clone();
                (self.buyer.confirm(&session, "load").await?, 201)
            }
            Scenario::GetOrder => {
                let path = format!("/api/v1/orders/{}", self.subject);
                (self.buyer.send("GET", &path, None, None).await?, 200)
            }
        };
        Ok((answer.took, answer.status == expected))
    }

    /// A new guest with three lines.
    async fn fill(&mut self) -> Result<()> {
        self.buyer.become_guest().await?;
        for line in 0..3 {
            let added = self.buyer.add(self.number * 31 + self.turn * 3 + line).await?;
            ensure!(added.status == 200, "add: {} {}", added.status, added.body);
        }
        Ok(())
    }

    async fn session(&mut self) -> Result<String> {
        let begun = self.buyer.begin().await?;
        text(&begun, "session_id")
    }

    /// The order of the prepared session.
    async fn order(&mut self) -> Result<String> {
        let session = self.subject.clone();
        let confirmed = self.buyer.confirm(&session, "load").await?;
        // The gate says "running" until the reply has been stored behind the response.
        tokio::time::sleep(Duration::from_millis(50)).await;
        text(&confirmed, "order_id")
    }
}

fn text(answer: &Answer, field: &str) -> Result<String> {
    let found = answer.body[field].as_str().map(str::to_owned);
    found.with_context(|| format!("no {field} in {} {}", answer.status, answer.body))
}
