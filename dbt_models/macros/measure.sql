{# Says how many rows a table has, and what its money comes to: a line of dbt's log that
   Dagster shows beside the table. Here, because nobody else can open the database while
   dbt has it. A view has no rows of its own.

   Money is net_amount, the one amount that adds up wherever it is; but features have a
   row per date, and would count each purchase at many. #}
{% macro measure() %}
    {% if execute and config.get('materialized') != 'view' %}
        {% set has_money = 'net_amount' in model.columns and model.schema != 'features' %}
        {% set sums = run_query(
            'select count(*), '
            ~ ('sum(net_amount)' if has_money else 'null')
            ~ ' from ' ~ this
        ) %}
        {% set measured = {'rows': sums[0][0] | int} %}
        {% if sums[0][1] is not none %}
            {% do measured.update({'net_amount': sums[0][1] | string}) %}
        {% endif %}
        {% do log('measured ' ~ tojson(measured), info=true) %}
    {% endif %}
{% endmacro %}
