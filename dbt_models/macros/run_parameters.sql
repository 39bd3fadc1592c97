{# What the run was asked for, or goes on from: a column of ops.run_parameters. Nothing
   where models are compiled without a run, as to check their style. #}
{% macro run_parameter(name) %}
    {% set run_parameters = source('ops', 'run_parameters') %}
    {% if execute and load_relation(run_parameters) %}
        {{ return(run_query('select ' ~ name ~ ' from ' ~ run_parameters)[0][0]) }}
    {% endif %}
{% endmacro %}
