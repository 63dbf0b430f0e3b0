# private.sh USER GROUP FOLDER TOP FOLDER TOP PROGRAM [ARGUMENT ...]
#
# Runs a program without root's rights that needs two folders, which may be in private ones (a home of
# root). Run it in a mount namespace, which nobody else sees and which ends with its last process: there
# each TOP (the private folder, or nothing) is covered by an empty one that has just FOLDER in it. (A user
# namespace would need no root, but its server would keep root's rights on files.)
set -eu
umask 022
user=$1 group=$2 first=$3 first_top=$4 second=$5 second_top=$6
shift 6
exec 3<"$first" 4<"$second" # before what is above them is covered
for top in "$first_top" "$second_top"; do
    [ -z "$top" ] || mount -t tmpfs -o size=1m,mode=755 olist "$top"
done
if [ -n "$first_top" ]; then
    mkdir -p "$first"
    mount -c --bind /proc/self/fd/3 "$first"
fi
if [ -n "$second_top" ]; then
    mkdir -p "$second"
    mount -c --bind /proc/self/fd/4 "$second"
fi
exec 3<&- 4<&-
exec setpriv --reuid="$user" --regid="$group" --clear-groups -- "$@"
