#!/bin/sh
# Makes the certificates of this folder anew. Their dates are far away, so that they are made once;
# those that are to be wrong about time are so for ever. They protect nothing: the keys are public.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/ca.cnf" <<CNF
[ca]
default_ca = here
[here]
new_certs_dir = $work
database = $work/index.txt
unique_subject = no
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copyall
[any]
commonName = supplied
[req]
distinguished_name = none
[none]
CNF
: >"$work/index.txt"

key() { # NAME
  openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1.key"
}

# NAME KEY COMMON-NAME ISSUER ISSUER-KEY EXTENSIONS FROM TO [OPTION]...
certificate() {
  name=$1 key=$2 subject=$3 issuer=$4 signer=$5 extensions=$6 from=$7 to=$8
  shift 8
  openssl req -new -config "$work/ca.cnf" -key "$key" -subj "/CN=$subject" -out "$work/csr"
  printf '%b' "$extensions" >"$work/extensions"
  if [ "$issuer" = self ]; then set -- -selfsign "$@"; else set -- -cert "$issuer" "$@"; fi
  openssl ca -batch -notext -config "$work/ca.cnf" -keyfile "$signer" -in "$work/csr" \
    -out "$name.crt" -startdate "$from" -enddate "$to" -extfile "$work/extensions" "$@" \
    2>"$work/log" || { cat "$work/log"; exit 1; }
}

authority='basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n'
local='subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n'
old=20200101000000Z past=20210101000000Z later=20990101000000Z end=21200101000000Z

key "$work/ca"
key "$work/twin"
key server
key client
openssl genrsa 1024 2>"$work/log" | openssl pkcs8 -topk8 -nocrypt -out weak.key
openssl pkcs8 -topk8 -in server.key -passout pass:secret -out locked.key

ca="ca.crt $work/ca.key"
certificate ca "$work/ca.key" 'Test CA' self "$work/ca.key" "$authority" $old $end
certificate ca-twin "$work/twin.key" 'Test CA' self "$work/twin.key" "$authority" $old $end
certificate server server.key localhost $ca "$local" $old $end
certificate common-name server.key localhost $ca '' $old $end
certificate expired server.key localhost $ca "$local" $old $past
certificate early server.key localhost $ca "$local" $later $end
certificate elsewhere server.key other.example $ca \
  'subjectAltName=DNS:other.example,DNS:*.other.example\n' $old $end
certificate self-signed server.key localhost self server.key "$authority$local" $old $end
certificate intermediate "$work/twin.key" 'Test Intermediate' $ca "$authority" $old $end
certificate leaf server.key localhost intermediate.crt "$work/twin.key" "$local" $old $end
certificate for-clients server.key localhost $ca "${local}extendedKeyUsage=clientAuth\n" $old $end
certificate client client.key device-1 $ca '' $old $end
certificate weak weak.key localhost $ca "$local" $old $end
certificate sha1 server.key localhost $ca "$local" $old $end -md sha1
certificate ca-expired "$work/twin.key" 'Old CA' self "$work/twin.key" "$authority" $old $past
certificate of-expired-ca server.key localhost ca-expired.crt "$work/twin.key" "$local" $old $end
