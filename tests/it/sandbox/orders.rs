//! Draft orders: the card at each step, the reason when there is none.

use super::{check_page, form, page};
use crate::support::Server;

#[test]
fn the_card_is_shown_for_radioiodine_and_nothing_else() {
    let server = Server::sandbox();
    for (kind, step, hook, shown) in [
        ("radioiodine", "", "order-select", None),
        ("radioiodine", "/sign", "order-sign", None),
        (
            "levothyroxine",
            "",
            "order-select",
            Some("no-radioiodine-order"),
        ),
        (
            "levothyroxine",
            "/sign",
            "order-sign",
            Some("no-radioiodine-order"),
        ),
        ("unmapped", "", "order-select", Some("unmapped-order")),
        ("unmapped", "/sign", "order-sign", Some("unmapped-order")),
    ] {
        let path = format!("/patients/textbook-fdg-only/orders/{kind}{step}");
        let order = page(&server, &path);
        assert!(
            order.contains(&format!("<span class=\"hook\">{hook}</span>")),
            "{path}"
        );
        assert_eq!(
            order.contains("RR-DTC score 41/52"),
            shown.is_none(),
            "{path}"
        );
        if let Some(reason) = shown {
            assert!(order.contains(&format!("<code>{reason}</code>")), "{path}");
        }
        assert!(
            order.contains("&#34;status&#34;: &#34;draft&#34;"),
            "{path}"
        );
    }
    // A model that does not apply comes first.
    let order = page(
        &server,
        "/patients/no-dtc-metastasis-to-thyroid/orders/radioiodine/sign",
    );
    assert!(order.contains("<code>not-applicable</code>"));
}

#[test]
fn a_signed_order_is_in_the_chart_and_is_no_treatment() {
    let server = Server::sandbox();
    let patient = "/patients/textbook-fdg-only";
    let placed = form(&server, &format!("{patient}/orders/radioiodine/place"), &[]);
    assert_eq!(placed.status, 303);
    let chart = page(&server, placed.header("location").unwrap());
    let orders = super::between(&chart, "id=\"orders\"", "</section>");
    assert!(
        orders.contains("Radioiodine therapy, 3.7 GBq iodine-131"),
        "{orders}"
    );
    assert!(orders.contains("active"));
    assert!(
        chart.contains("RR-DTC score 41/52"),
        "an order is never treatment"
    );
    let refused = form(&server, &format!("{patient}/orders/leeches/place"), &[]);
    assert_eq!(refused.status, 400);
    check_page(&refused, "leeches");
}
