#!/usr/bin/env bash
# start.sh PREFIX DATA: runs one Ceph monitor, one OSD that keeps everything in memory, and the S3 gateway, on 127.0.0.1 only.
# Prints "ready PORT" once S3 answers; its user has the keys "accesskey" and "secretkey". Then it obeys its standard input, a command a line:
#   kill              kills the gateway as a crash would; the data stay        → "killed"
#   start [OFFSET]    starts it again, on the same port, and with libfaketime its clock is wrong by OFFSET, such as +20m  → "ready PORT"
#   user NAME SECRET  makes another user, whose access key is NAME             → "user NAME"
#   key NAME SECRET   gives the user of "accesskey" another access key, NAME   → "key NAME"
#   nokey NAME        takes it away again                                      → "nokey NAME"
# After a kill the last three take half a minute.
# When the input ends, for instance because its parent process was killed, everything stops and DATA is removed. Exits with 4 if one of the servers was gone by then.
set -euo pipefail
root=$1/root
mkdir -p "$2"
data=$(realpath "$2")
lib=$(dirname "$(find "$root/usr/lib" -maxdepth 3 -name 'libc.so.6' | head -1)")
loader=$(find "$root"/usr/lib64 "$root"/usr/lib -maxdepth 1 -name 'ld-linux-*.so.*' 2>/dev/null | head -1)
faketime=$(find /usr/lib -maxdepth 3 -path '*/faketime/libfaketime.so.1' 2>/dev/null | head -1) || true

pids=() gateway=
stop() {
  local status=$?
  trap - TERM INT EXIT
  if [[ $status == 0 && -n $gateway ]]; then
    for pid in $gateway "${pids[@]}"; do kill -0 "$pid" 2>/dev/null || status=4; done
  fi
  [[ $status == 0 ]] || tail -n 30 "$data"/log/output "$data"/log/*.log >&2 || true
  exec 2>/dev/null # bash would report each kill
  kill -9 $gateway "${pids[@]}" || true
  wait || true
  rm -rf "$data"
  exit $status
}
trap stop EXIT
trap 'exit 0' TERM INT

# Several of these may run at once: each has 32 ports, and holds a lock on them for as long as it runs.
mkdir -p "$1/ports"
for _ in {1..200}; do
  port=$((10016 + 32 * (RANDOM % 600)))
  exec 8>"$1/ports/$port"
  flock -n 8 || continue
  (exec 3<>/dev/tcp/127.0.0.1/$port || exec 3<>/dev/tcp/127.0.0.1/$((port + 1))) 2>/dev/null || break
done

mkdir -p "$data"/{mon,osd,run,log,rgw}
fsid=$(cat /proc/sys/kernel/random/uuid)
cat >"$data/ceph.conf" <<CONF
[global]
fsid = $fsid
mon_host = [v2:127.0.0.1:$((port + 1))/0]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_port_min = $((port + 2))
ms_bind_port_max = $((port + 31))
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 2000
mon_data_avail_crit = 0
mon_data_avail_warn = 0
# Alone in the cluster, nobody needs to be waited for.
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
mon_tick_interval = 1
osd_tick_interval = 0.5
osd_heartbeat_interval = 1
osd_heartbeat_grace = 3
osd_mclock_skip_benchmark = true
osd_objectstore = memstore
memstore_device_bytes = 8G
osd_pool_default_erasure_code_profile = plugin=jerasure technique=reed_sol_van k=2 m=1
plugin_dir = $lib/ceph
erasure_code_dir = $lib/ceph/erasure-code
osd_class_dir = $lib/rados-classes
run_dir = $data/run
admin_socket = $data/run/\$name.asok
log_file = $data/log/\$name.log
mon_cluster_log_file = $data/log/cluster.log
crash_dir = $data/log
pid_file =
mon_data = $data/mon
osd_data = $data/osd
keyring = $data/keyring
[mon.a]
mon_addr = 127.0.0.1:$((port + 1))
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
rgw_data = $data/rgw
rgw_crypt_require_ssl = false
CONF

# The loader of their own C library starts them: the system's may be older.
ceph() { local program=$1; shift; "$loader" --library-path "$lib:$lib/ceph" "$root/usr/bin/$program" -c "$data/ceph.conf" "$@" </dev/null >>"$data/log/output" 2>&1; }
rekey() { ceph radosgw-admin key "$1" --uid accesskey --key-type s3 --access-key "${@:2}"; }
user() { ceph radosgw-admin user create --uid "$1" --display-name "$1" --access-key "$1" --secret-key "$2"; }
serve() { exec 8>&- </dev/null >>"$data/log/output" 2>&1; exec "$loader" ${clock:+--preload "$clock"} --library-path "$lib:$lib/ceph" "$root/usr/bin/$1" -c "$data/ceph.conf" -f "${@:2}"; }
answers() { (exec 3<>"/dev/tcp/127.0.0.1/$port" && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && read -r -t 5 _ <&3) 2>/dev/null; }
start_gateway() {
  local clock=
  # Only the time of day is wrong: what waits for a while goes by the other clock.
  [[ -z ${1-} ]] || { clock=$faketime; export FAKETIME=$1 FAKETIME_DONT_FAKE_MONOTONIC=1; }
  serve radosgw -n client.rgw &
  gateway=$!
  for _ in {1..600}; do
    answers && { echo "ready $port"; return; }
    kill -0 $gateway 2>/dev/null || break
    sleep 0.05
  done
  return 1
}

ceph monmaptool --create --fsid "$fsid" --addv a "[v2:127.0.0.1:$((port + 1))]" --clobber "$data/monmap"
ceph osdmaptool --createsimple 1 --pg-bits 0 --clobber "$data/osdmap" || true # it warns of the missing bits
ceph ceph-mon --mkfs -i a --monmap "$data/monmap" --osdmap "$data/osdmap"
serve ceph-mon -i a &
pids+=($!)
ceph ceph-osd -i 0 --mkfs --osd-uuid "$(cat /proc/sys/kernel/random/uuid)"
serve ceph-osd -i 0 &
pids+=($!)
user accesskey secretkey
start_gateway

while read -r command name secret; do
  case $command in
    kill) { kill -9 $gateway; wait $gateway || true; } 2>/dev/null; gateway=; echo killed ;;
    start) start_gateway "$name" ;;
    user) user "$name" "$secret" && echo "user $name" ;;
    key) rekey create "$name" --secret-key "$secret" && echo "key $name" ;;
    nokey) rekey rm "$name" && echo "nokey $name" ;;
  esac
done
