//! Goods of a test's own, so that no two tests count the same stock.

use crate::{Shop, unique};
use serde_json::{Map, Value, json};

/// A SKU to be: 19.99 in every two-digit currency, 350 g, taxed as standard, a hundred of it in
/// Hanoi.
#[must_use = "a SKU exists once it is created"]
#[derive(Clone, Debug)]
pub struct SkuBuilder<'s> {
    shop: &'s Shop,
    /// Its code.
    pub sku: String,
    tax_class: String,
    weight_g: i64,
    active: bool,
    prices: Map<String, Value>,
    stock: Vec<(String, i64)>,
}

impl<'s> SkuBuilder<'s> {
    pub(crate) fn new(shop: &'s Shop) -> Self {
        let mut prices = Map::new();
        for (currency, amount_minor) in
            [("USD", 1_999), ("EUR", 1_999), ("GBP", 1_999), ("VND", 250_000)]
        {
            prices.insert(currency.to_owned(), json!(amount_minor));
        }
        Self {
            shop,
            sku: unique("E2E-"),
            tax_class: "standard".to_owned(),
            weight_g: 350,
            active: true,
            prices,
            stock: vec![("wh-hanoi".to_owned(), 100)],
        }
    }

    /// At this price.
    pub fn price(mut self, currency: &str, amount_minor: i64) -> Self {
        self.prices.insert(currency.to_owned(), json!(amount_minor));
        self
    }

    /// Not sold in this currency.
    pub fn without_price(mut self, currency: &str) -> Self {
        self.prices.remove(currency);
        self
    }

    /// This many in Hanoi, and none elsewhere.
    pub fn stock(mut self, quantity: i64) -> Self {
        self.stock = vec![("wh-hanoi".to_owned(), quantity)];
        self
    }

    /// This many more in another warehouse.
    pub fn and_in(mut self, warehouse: &str, quantity: i64) -> Self {
        self.stock.push((warehouse.to_owned(), quantity));
        self
    }

    /// Taxed in this class.
    pub fn tax_class(mut self, tax_class: &str) -> Self {
        tax_class.clone_into(&mut self.tax_class);
        self
    }

    /// Of this weight.
    pub fn weight_g(mut self, weight_g: i64) -> Self {
        self.weight_g = weight_g;
        self
    }

    /// Known, and not sold.
    pub fn inactive(mut self) -> Self {
        self.active = false;
        self
    }

    /// The body that puts it into the catalog.
    #[must_use]
    pub fn body(&self) -> Value {
        json!({
            "product_id": format!("product-of-{}", self.sku), "name": format!("Goods {}", self.sku),
            "category": "tableware",
            "tax_class": self.tax_class, "weight_g": self.weight_g, "active": self.active,
            "prices": self.prices,
        })
    }

    /// As a line of a bulk import.
    #[must_use]
    pub fn import_line(&self) -> Value {
        let mut line = self.body();
        line["sku"] = json!(self.sku);
        line
    }

    /// Puts it into the catalog again as it is now: the way a price changes.
    pub fn put(&self) {
        let reply = self
            .shop
            .admin("PUT", &format!("/api/v1/catalog/skus/{}", self.sku))
            .json(&self.body())
            .send();
        assert!(reply.is_success(), "{reply:?}");
    }

    /// Puts it into the catalog and its stock into the warehouses; returns its code.
    pub fn create(&self) -> String {
        self.put();
        for (warehouse, quantity) in self.stock.iter().filter(|(_, quantity)| *quantity > 0) {
            self.shop.receive(&self.sku, warehouse, *quantity);
        }
        self.sku.clone()
    }
}
