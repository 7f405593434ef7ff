#!/usr/bin/env bash
# Plans, and writes or updates the comment of this stage on the pull request. Ends with 1 if there is no plan.
set -euo pipefail

read -ra usher <<<"$PLAN_COMMAND"
body="$RUNNER_TEMP/usher-plan-$PLAN_STAGE.md"
file="$RUNNER_TEMP/usher-plan-$PLAN_STAGE.json"
# Finds the comment again; it does not show.
export MARKER="<!-- usher plan: $PLAN_STAGE -->"

options=(--stage "$PLAN_STAGE" --format markdown --detailed-exitcode --out "$file")
if [[ -n $PLAN_PRICE ]]; then options+=(--price "$PLAN_PRICE"); fi
if [[ $PLAN_NAMES == true ]]; then options+=(--names); fi

code=0
plan=$("${usher[@]}" plan "${options[@]}" -- "$PLAN_FILE") || code=$?
case $code in
  0) changes=false ;;
  2) changes=true ;;
  *)
    # A part of a plan must not look like all of it.
    plan="### Usher plan

There is no plan of \`$PLAN_STAGE\` for the latest commit: the log of the run says why."
    ;;
esac
printf '%s\n%s\n' "$MARKER" "$plan" >"$body"
printf '%s\n' "$plan" >>"$GITHUB_STEP_SUMMARY"

if [[ -n $PULL_REQUEST ]]; then
  comments="repos/$GITHUB_REPOSITORY/issues/$PULL_REQUEST/comments"
  own='.[] | select(.user.type == "Bot" and (.body | startswith(env.MARKER))) | .id'
  ids=$(gh api --paginate "$comments" --jq "$own")
  id=${ids%%$'\n'*}
  if [[ -n $id ]]; then
    gh api --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id" --field "body=@$body"
  else
    gh api --silent --method POST "$comments" --field "body=@$body"
  fi
fi

if [[ $code != 0 && $code != 2 ]]; then exit 1; fi
printf 'changes=%s\nfile=%s\n' "$changes" "$file" >>"$GITHUB_OUTPUT"
