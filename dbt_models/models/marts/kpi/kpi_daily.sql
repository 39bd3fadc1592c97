{{ kpi_values('day') }}
