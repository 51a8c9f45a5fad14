use super::*;

fn close(got: f64, expected: f64) {
    assert!((got / expected - 1.0).abs() < 1e-9, "{got} {expected}");
}

#[test]
fn t_tests_are_those_of_r() {
    // R: t.test(a, b, var.equal = TRUE), t.test(a, b)
    let (a, b) = ([1.0, 2.0, 4.0, 8.0, 9.0], [3.0, 9.0, 10.0, 12.0]);
    let (student, welch) = t_tests(&a, &b).unwrap();
    close(student.t, -1.490_945_376_748_02);
    close(student.p, 0.179_598_483_989_09);
    assert_eq!(student.degrees_of_freedom, 7.0);
    assert!(student.low < student.difference && student.difference < student.high);
    assert!(welch.degrees_of_freedom < 7.0);
    assert_eq!(t_tests(&[1.0], &b), None);
    assert_eq!(t_tests(&[1.0, 1.0], &[2.0, 2.0]), None);
}

#[test]
fn exact_ranks_count_orders() {
    // Of the 10 orders of 2 and 3, one gives 0 and one gives 6.
    let lowest = rank_sum(&[1.0, 2.0], &[3.0, 4.0, 5.0]).unwrap();
    close(lowest.exact_p.unwrap(), 0.2);
    assert_eq!(lowest.w, 0.0);
    let middle = rank_sum(&[1.0, 5.0], &[2.0, 3.0, 4.0]).unwrap();
    close(middle.exact_p.unwrap(), 1.0);
    assert_eq!(middle.greater, 0.5);
    assert_eq!(rank_sum(&[1.0, 2.0], &[2.0]).unwrap().exact_p, None);
    assert_eq!(rank_sum(&[1.0, 1.0], &[1.0]), None);
}

#[test]
fn fisher_counts_tables_that_are_no_more_probable() {
    let p = |rows: &[[u64; 2]]| fisher(&Contingency::new(rows).unwrap()).unwrap();
    // Tea: fisher.test(matrix(c(3, 1, 1, 3), 2))
    close(p(&[[3, 1], [1, 3]]), 34.0 / 70.0);
    // All tables with these margins: C(2,a) C(2,b) C(2,c), a + b + c = 3, of 20: [2, 1, 0] in its 6 orders 2 each, [1, 1, 1] 8.
    close(p(&[[2, 0], [1, 1], [0, 2]]), 12.0 / 20.0);
    close(p(&[[1, 1], [1, 1], [1, 1]]), 1.0);
    // Extrathyroidal extension and stage of the source study.
    close(
        p(&[[117, 113], [39, 28], [40, 26], [27, 14]]),
        0.204_968_691_874_026,
    );
    close(
        p(&[[110, 135], [63, 31], [7, 10], [0, 2], [43, 3]]),
        3.222_541_038_670_65e-11,
    );
    close(
        p(&[[22, 13], [42, 49], [23, 16], [136, 103]]),
        0.231_493_208_229_026,
    );
}

#[test]
fn a_table_without_a_second_category_or_class_is_none() {
    assert_eq!(Contingency::new(&[[3, 4], [0, 0]]), None);
    assert_eq!(Contingency::new(&[[3, 0], [4, 0]]), None);
    assert!(
        Contingency::new(&[[3, 0], [0, 0], [4, 1]])
            .unwrap()
            .yates()
            .is_some()
    );
}

#[test]
fn fishers_test_gives_up_on_large_tables_and_not_on_two_categories() {
    let large = [[11_000, 6_500], [21_000, 24_500], [11_500, 8_000]];
    assert_eq!(fisher(&Contingency::new(&large).unwrap()), None);
    let two = [[250_500, 249_500], [249_000, 251_000]];
    assert!(fisher(&Contingency::new(&two).unwrap()).is_some_and(|p| p > 0.0 && p < 0.01));
}
