use super::*;

fn two_by_two() -> Rows {
    // FDG in the source study: 162 of 173 against 61 of 231.
    let mut rows = Rows::new(1);
    rows.push(&[0.0], 61.0, 170.0);
    rows.push(&[1.0], 162.0, 11.0);
    rows
}

fn close(got: f64, expected: f64, within: f64) {
    assert!((got - expected).abs() < within, "{got} {expected}");
}

#[test]
fn a_two_by_two_table_gives_its_log_odds_ratio_and_woolfs_variance() {
    let fit = fit(&two_by_two(), Penalty::None).unwrap();
    close(fit.coefficients[0], (61.0_f64 / 170.0).ln(), 1e-12);
    let odds = (162.0_f64 / 11.0) / (61.0 / 170.0);
    close(fit.coefficients[1], odds.ln(), 1e-12);
    let woolf: f64 = 1.0 / 162.0 + 1.0 / 11.0 + 1.0 / 61.0 + 1.0 / 170.0;
    close(fit.standard_error(1), woolf.sqrt(), 1e-12);
    close(fit.covariance[(0, 0)], 1.0 / 61.0 + 1.0 / 170.0, 1e-12);
    close(fit.covariance[(0, 1)], -1.0 / 61.0 - 1.0 / 170.0, 1e-12);
}

#[test]
fn grouping_changes_no_fit() {
    let mut apart = Rows::new(2);
    for patient in 0..60 {
        let x = [f64::from(patient % 3), f64::from(patient % 4 / 2)];
        let event = f64::from(u8::from((patient * 7) % 5 < 2));
        apart.push(&x, event, 1.0 - event);
    }
    let together = apart.grouped();
    assert_eq!(together.len(), 6);
    let (a, b) = (
        fit(&apart, Penalty::Firth).unwrap(),
        fit(&together, Penalty::Firth).unwrap(),
    );
    for (a, b) in a.coefficients.iter().zip(&b.coefficients) {
        close(*a, *b, 1e-9);
    }
    close(a.penalised_log_likelihood, b.penalised_log_likelihood, 1e-9);
}

#[test]
fn an_offset_is_taken_as_it_is() {
    let fitted = fit(&two_by_two(), Penalty::None).unwrap();
    let mut rows = Rows::new(0);
    for row in 0..2 {
        let both = two_by_two();
        let offset = fitted.coefficients[1] * both.x(row)[0];
        rows.push_with_offset(&[], both.events()[row], both.others()[row], offset);
    }
    let alone = fit(&rows, Penalty::None).unwrap();
    close(alone.coefficients[0], fitted.coefficients[0], 1e-9);
    close(alone.null_log_likelihood, fitted.log_likelihood, 1e-9);
}

#[test]
fn firth_of_a_two_by_two_table_adds_a_half_to_every_cell() {
    let mut rows = Rows::new(1);
    rows.push(&[0.0], 3.0, 7.0);
    rows.push(&[1.0], 5.0, 0.0);
    let fit = fit(&rows, Penalty::Firth).unwrap();
    close(fit.coefficients[0], (3.5_f64 / 7.5).ln(), 1e-9);
    let odds = (5.5_f64 / 0.5) / (3.5 / 7.5);
    close(fit.coefficients[1], odds.ln(), 1e-9);
    let (interval, test) = profile(&rows, &fit, 0, 0.95).unwrap();
    assert!(interval.low < fit.coefficients[1] && fit.coefficients[1] < interval.high);
    // Zero lies outside exactly when the test says so.
    assert_eq!(interval.low > 0.0, test.p < 0.05);
}

#[test]
fn a_profile_ends_where_the_likelihood_has_dropped_by_its_share() {
    let rows = two_by_two();
    let fitted = fit(&rows, Penalty::None).unwrap();
    let (interval, test) = profile(&rows, &fitted, 0, 0.95).unwrap();
    for limit in [interval.low, interval.high] {
        let mut held = Rows::new(0);
        for row in 0..2 {
            let offset = limit * rows.x(row)[0];
            held.push_with_offset(&[], rows.events()[row], rows.others()[row], offset);
        }
        let held = fit(&held, Penalty::None).unwrap();
        let drop = 2.0 * (fitted.log_likelihood - held.log_likelihood);
        close(drop, 3.841_458_820_694_124, 1e-8);
    }
    close(test.statistic, fitted.likelihood_ratio().statistic, 1e-9);
    let all = without(&rows, &fitted, &[0]).unwrap();
    close(all.statistic, test.statistic, 1e-9);
}

#[test]
fn a_ridge_shrinks_and_is_worth_less_than_its_columns() {
    let rows = two_by_two();
    let free = fit(&rows, Penalty::None).unwrap();
    let held = fit(&rows, Penalty::Ridge(5.0)).unwrap();
    assert!(held.coefficients[1] < free.coefficients[1] && held.coefficients[1] > 0.0);
    assert!(held.effective_degrees_of_freedom < 1.0);
    let chosen = ridge(
        &rows,
        &[0.0, 0.1, 1.0, 10.0, 100.0],
        Criterion::CorrectedAic,
    )
    .unwrap();
    assert!(chosen.lambda > 0.0 && chosen.lambda < 100.0);
}

#[test]
fn what_cannot_be_fitted_is_said_by_column() {
    let names = ["age".to_owned(), "uptake".to_owned()];
    let check = |rows: &[([f64; 2], f64, f64)], expected: NoFit| {
        let mut all = Rows::new(2);
        for (x, events, others) in rows {
            all.push(x, *events, *others);
        }
        let problem = fit(&all, Penalty::None).unwrap_err();
        assert_eq!(problem, expected, "{}", problem.named(&names));
    };
    check(&[], NoFit::NoPatients);
    check(&[([0.0, 1.0], 3.0, 0.0)], NoFit::OneClass);
    let constant = [([0.0, 1.0], 3.0, 2.0), ([1.0, 1.0], 1.0, 2.0)];
    check(&constant, NoFit::Constant { column: 1 });
    let twice = [([0.0, 1.0], 3.0, 2.0), ([1.0, 3.0], 1.0, 2.0)];
    check(&twice, NoFit::Dependent { column: 1 });
    let wrong = [([0.0, f64::NAN], 3.0, 2.0), ([1.0, 3.0], 1.0, 2.0)];
    check(&wrong, NoFit::NotFinite { column: 1 });
    let separated = [
        ([0.0, 0.0], 3.0, 4.0),
        ([1.0, 0.0], 5.0, 2.0),
        ([0.0, 1.0], 6.0, 0.0),
        ([1.0, 1.0], 2.0, 0.0),
    ];
    check(&separated, NoFit::Separated { columns: vec![1] });
    let perfectly = [
        ([1.0, 0.0], 0.0, 1.0),
        ([2.0, 1.0], 0.0, 1.0),
        ([3.0, 0.0], 1.0, 0.0),
        ([4.0, 1.0], 1.0, 0.0),
    ];
    let mut rows = Rows::new(2);
    for (x, events, others) in perfectly {
        rows.push(&x, events, others);
    }
    let Err(NoFit::Separated { columns }) = fit(&rows, Penalty::None) else {
        panic!("expected separation");
    };
    assert!(columns.contains(&0));
    assert!(fit(&rows, Penalty::Firth).is_ok());
    assert!(fit(&rows, Penalty::Ridge(1.0)).is_ok());
}
