"""The bodies and answers of the registers' tables, made once from the specifications."""

from typing import TYPE_CHECKING, Any

from pydantic import Field

from api.bodies import Body, Kept, kept_row, new_row, page_of, patch
from pipelines.plan_schema import ENROLMENTS
from pipelines.plan_tables import INITIATIVES, UNIT_RECORDS
from pipelines.publicity_tables import COURSE_REVIEWS, PUBLICITY
from pipelines.schema import CANDIDATES, COURSES, INTERACTIONS, PLACEMENTS, SERVICES
from pipelines.venture_tables import VENTURES, VISITS

if TYPE_CHECKING:
    # What is made while the program runs is no type to a checker: there it is the class that all of them have.
    NewCandidate = Body
    NewInteraction = Body
    NewPlacement = Body
    NewService = Body
    NewCourse = Body
    NewInitiative = Body
    InitiativePatch = Body
    NewUnitRecord = Body
    UnitRecordPatch = Body
    CandidatePatch = Body
    PlacementPatch = Body
    CoursePatch = Body
    NewEnrolment = Body
    EnrolmentPatch = Body
    NewVenture = Body
    VenturePatch = Body
    NewVisit = Body
    VisitPatch = Body
    NewPublicity = Body
    PublicityPatch = Body
    NewCourseReview = Body
    CourseReviewPatch = Body
else:
    NewCandidate = new_row(CANDIDATES, "NewCandidate", made_here=frozenset({"candidate_id"}))
    NewInteraction = new_row(INTERACTIONS, "NewInteraction")
    NewPlacement = new_row(PLACEMENTS, "NewPlacement", made_here=frozenset({"placement_id"}))
    NewService = new_row(SERVICES, "NewService")
    NewCourse = new_row(COURSES, "NewCourse", made_here=frozenset({"course_id"}))
    CandidatePatch = patch(CANDIDATES, "CandidatePatch")
    PlacementPatch = patch(PLACEMENTS, "PlacementPatch")
    CoursePatch = patch(COURSES, "CoursePatch")
    NewEnrolment = new_row(ENROLMENTS, "NewEnrolment", made_here=frozenset({"enrolment_id"}))
    EnrolmentPatch = patch(ENROLMENTS, "EnrolmentPatch")
    NewInitiative = new_row(INITIATIVES, "NewInitiative", made_here=frozenset({"initiative_id"}))
    InitiativePatch = patch(INITIATIVES, "InitiativePatch")
    NewUnitRecord = new_row(UNIT_RECORDS, "NewUnitRecord", made_here=frozenset({"record_id"}))
    UnitRecordPatch = patch(UNIT_RECORDS, "UnitRecordPatch")
    NewVenture = new_row(VENTURES, "NewVenture", made_here=frozenset({"venture_id"}))
    VenturePatch = patch(VENTURES, "VenturePatch")
    NewVisit = new_row(VISITS, "NewVisit", made_here=frozenset({"visit_id"}))
    VisitPatch = patch(VISITS, "VisitPatch")
    NewPublicity = new_row(PUBLICITY, "NewPublicity", made_here=frozenset({"publicity_id"}))
    PublicityPatch = patch(PUBLICITY, "PublicityPatch")
    NewCourseReview = new_row(COURSE_REVIEWS, "NewCourseReview", made_here=frozenset({"review_id"}))
    CourseReviewPatch = patch(COURSE_REVIEWS, "CourseReviewPatch")


class Source(Kept):
    """谁在哪一天提供了一项事实。"""

    by: str
    on: str


_masked: Any = (list[str], Field(description="已登记而未完整显示的列"))
_sources: Any = (dict[str, Source], Field(description="各项事实由谁、在哪一天提供"))
MaskedCandidate = kept_row(CANDIDATES, "MaskedCandidate", masked=_masked)
Candidate = kept_row(CANDIDATES, "Candidate", masked=_masked, sources=_sources)
Interaction = kept_row(INTERACTIONS, "Interaction")
Placement = kept_row(PLACEMENTS, "Placement")
Service = kept_row(SERVICES, "Service")
Course = kept_row(COURSES, "Course")
Enrolment = kept_row(ENROLMENTS, "Enrolment")
CandidatePage = page_of(MaskedCandidate, "CandidatePage")
InteractionPage = page_of(Interaction, "InteractionPage")
PlacementPage = page_of(Placement, "PlacementPage")
ServicePage = page_of(Service, "ServicePage")
CoursePage = page_of(Course, "CoursePage")
EnrolmentPage = page_of(Enrolment, "EnrolmentPage")
Initiative = kept_row(INITIATIVES, "Initiative")
UnitRecord = kept_row(UNIT_RECORDS, "UnitRecord")
UnitRecordPage = page_of(UnitRecord, "UnitRecordPage")
Publicity = kept_row(PUBLICITY, "Publicity")
PublicityPage = page_of(Publicity, "PublicityPage")
CourseReview = kept_row(COURSE_REVIEWS, "CourseReview")
CourseReviewPage = page_of(CourseReview, "CourseReviewPage")
Venture = kept_row(VENTURES, "Venture")
VenturePage = page_of(Venture, "VenturePage")
Visit = kept_row(VISITS, "Visit")
VisitPage = page_of(Visit, "VisitPage")
