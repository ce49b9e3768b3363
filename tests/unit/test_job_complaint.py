"""A fault that comes again and again is said ever more rarely."""

from __future__ import annotations

from loopline.jobs.complaint import Complaint


def test_it_is_said_at_the_first_fourth_sixteenth_time_and_anew_after_a_success() -> None:
    complaint = Complaint()
    assert [times for times in range(1, 101) if complaint.again()] == [1, 4, 16, 64]
    complaint.end()
    assert complaint.again()
