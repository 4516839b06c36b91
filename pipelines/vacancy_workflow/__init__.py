"""A company's vacancy from draft to published and closed, and the employers who may announce one.

What people are ranked on is the row in `vacancies`: the version that was checked and that another person approved.
"""
