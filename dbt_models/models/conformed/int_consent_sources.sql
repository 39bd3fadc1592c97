with

sources as (
    {{ sources_supplying('contacts', 'may_be_contacted') }}
)

select source_system
from sources
