{% test money_is_conserved(model) %}
{{ config(
    meta = {
        'advice': 'Money was lost or made up in this step: the models between its two'
        ~ ' ends are wrong, or a control_amount is not what they add up.'
    },
) }}
select
    source_system,
    step,
    amount_in,
    amount_out,
    difference_amount
from {{ model }}
where difference_amount <> 0
{% endtest %}
