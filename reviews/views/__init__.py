"""The pages. Always in this order: fetch through visible_to, permission, form, verb, message, redirect."""
