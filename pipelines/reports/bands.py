"""The fixed bands in which people are counted: they never follow a question, so that no question narrows them."""

from matching.vocabulary import Education

_AGES = ((0, 15), (16, 24), (25, 34), (35, 44), (45, 54), (55, 200))
AGE_BANDS = tuple(f"{low}—{high}岁" if high < 200 else f"{low}岁及以上" for low, high in _AGES)
EDUCATION_BANDS = ("初中及以下", "高中、中职", "大专及以上")


def age_band(age: int | None) -> str | None:
    """Return the band of an age in completed years, or None where it is not known."""
    if age is None:
        return None
    return next((band for band, (low, high) in zip(AGE_BANDS, _AGES, strict=True) if low <= age <= high), None)


def education_band(education: Education | None) -> str | None:
    """Return the band of an education, or None where it is not known."""
    if education is None:
        return None
    if education in (Education.NONE, Education.PRIMARY, Education.JUNIOR):
        return EDUCATION_BANDS[0]
    return EDUCATION_BANDS[1] if education in (Education.SENIOR, Education.VOCATIONAL) else EDUCATION_BANDS[2]
