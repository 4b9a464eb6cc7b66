//! What every link promises: each test runs here and on a node.

mod output;
mod signals;
mod start;

/// Makes of each test one for every link.
macro_rules! on_every_link {
    ($($file:ident::$name:ident,)*) => {
        mod local {
            $(#[tokio::test]
            async fn $name() {
                super::$file::$name(crate::bench::Bench::local()).await;
            })*
        }

        mod ssh {
            $(#[tokio::test]
            async fn $name() {
                super::$file::$name(crate::bench::Bench::ssh()).await;
            })*
        }
    };
}

on_every_link! {
    output::streams_are_apart_and_stamps_ascend,
    output::bytes_stay_bytes,
    output::silent_commands_have_no_output,
    output::first_output_is_prompt,
    output::a_huge_line_is_bounded,
    output::the_gap_is_exact,
    output::one_byte_at_a_time_costs_few_chunks,
    output::alternating_bytes_are_bounded_and_counted,
    output::no_more_is_sent_before_the_last_is_stored,
    output::a_slow_store_holds_the_command_back,
    output::idleness_is_told_once,
    signals::a_run_stopped_before_its_start_ends_once,
    signals::unknown_runs_are_not_signalled,
    signals::term_reaches_the_whole_group,
    signals::kill_ends_what_ignores_term,
    signals::all_are_killed_at_once,
    signals::output_before_a_kill_is_kept,
    start::exit_codes_and_signals,
    start::standard_input_is_given_or_empty,
    start::a_child_that_lets_go_of_its_output_is_not_awaited,
    start::what_is_left_behind_does_not_hang_the_run,
    start::words_are_given_as_they_are,
    start::commands_know_their_run,
    start::what_is_no_command_says_why,
    start::an_execution_starts_again_after_its_end,
}
