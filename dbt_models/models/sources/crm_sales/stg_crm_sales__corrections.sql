-- What was mistyped in the CRM, and what was meant: all values of all columns were
-- looked at. What is found later is mended by one more row.
select
    'sector' as column_name,
    'technolgy' as wrong_value,
    'technology' as right_value
union all
select
    'office_location' as column_name,
    'Philipines' as wrong_value,
    'Philippines' as right_value
union all
select
    'product' as column_name,
    'GTXPro' as wrong_value,
    'GTX Pro' as right_value
