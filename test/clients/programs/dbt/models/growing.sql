{{ config(materialized='incremental', order_by='n') }}
select number as n from numbers(10 + {{ var('more', 0) }})
{% if is_incremental() %} where n > (select max(n) from {{ this }}) {% endif %}
