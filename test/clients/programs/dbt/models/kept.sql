{{ config(materialized='table', engine='MergeTree()', order_by='id') }} select * from {{ ref('capitals') }}
