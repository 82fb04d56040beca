/* SPDX-License-Identifier: MIT */
/* The table of configuration keys: one entry per key makes its field in struct conf, its parser, its check, its line in
 * --dump-conf and in roomline.conf.
 *
 * X(type, field, key, default, limits, when, help)
 *   type     U32 POW2 PORT ENUM STRING PATH WORDS NUMBERS ADDRS: CONF_C_type in conf.h is its C type
 *   default  as it would stand in the file
 *   limits   RANGE(min, max) of each number, ONE_OF("a|b") for each word (an ENUM's value is the index of its word),
 * ANY when     RELOAD: takes effect on a reload, RESTART: at the next start help     one sentence */
#ifndef ROOMLINE_CONF_KEYS_H
#define ROOMLINE_CONF_KEYS_H

#define CONF_KEYS(X)                                                                                                   \
    X(PATH, run_dir, "run_dir", "run", ANY, RESTART, "Folder of the sockets between the processes.")                   \
    X(PATH, state_dir, "state_dir", "state", ANY, RESTART,                                                             \
      "Folder of what is kept over restarts, such as the made certificate.")                                           \
    X(ENUM, log_level, "log.level", "info", ONE_OF(CONF_LOG_LEVELS), RELOAD, "Least severe level that is logged.")     \
    X(WORDS, log_topics, "log.topics", "", ONE_OF(CONF_LOG_TOPICS), RELOAD, "Topics that are logged; empty: all.")     \
    X(STRING, listen_address, "listen.address", "", ANY, RESTART,                                                      \
      "Address for HTTP and WebSocket; empty: every IPv4 and IPv6 address of the host.")                               \
    X(PORT, ws_port, "ws.port", "8080", RANGE(0, 65535), RESTART, "TCP port of HTTP and WebSocket; 0: off.")           \
    X(PORT, wss_port, "wss.port", "8443", RANGE(0, 65535), RESTART, "TCP port of HTTPS and secure WebSocket; 0: off.") \
    X(PATH, tls_cert, "tls.cert", "", ANY, RESTART,                                                                    \
      "Certificate chain (PEM); empty: made at first start, kept in state_dir.")                                       \
    X(PATH, tls_key, "tls.key", "", ANY, RESTART, "Key of tls.cert (PEM).")                                            \
    X(PATH, www_dir, "www.dir", "", ANY, RESTART,                                                                      \
      "Folder of our own pages; empty: the one that came with the program.")                                           \
    X(PATH, static_dir, "static.dir", "", ANY, RESTART, "A further folder served under static.mount; empty: none.")    \
    X(STRING, static_mount, "static.mount", "/client2", ANY, RESTART, "Path prefix of static.dir in URLs.")            \
    X(WORDS, origins, "origins", "", ANY, RELOAD,                                                                      \
      "Origins (https://host) whose pages may open a WebSocket; empty: any.")                                          \
    X(U32, keep_alive_server_interval_ms, "keep_alive.server_interval", "5000", RANGE(100, 3600000), RELOAD,           \
      "Time between pings to a client, ms.")                                                                           \
    X(U32, keep_alive_probes, "keep_alive.probes", "10", RANGE(1, 1000), RELOAD,                                       \
      "Unanswered pings in a row after which a client is gone.")                                                       \
    X(U32, room_idle_timeout_ms, "room.idle_timeout", "60000", RANGE(0, 86400000), RELOAD,                             \
      "How long a room is kept when its last participant vanishes without leaving, ms.")                               \
    X(U32, ws_max_message_bytes, "ws.max_message_bytes", "262144", RANGE(1024, 16777216), RELOAD,                      \
      "Longest WebSocket message taken, bytes.")                                                                       \
    X(U32, ws_max_messages_per_second, "ws.max_messages_per_second", "200", RANGE(1, 1000000), RELOAD,                 \
      "WebSocket messages per second and client; a burst may hold 5 s of them, or 4 for each participant of a room.")  \
    X(U32, ws_max_queue_bytes, "ws.max_queue_bytes", "4194304", RANGE(65536, 1073741824), RELOAD,                      \
      "Bytes that may wait for a client which reads slowly; one that needs more is closed.")                           \
    X(U32, limit_connections, "limit.connections", "10000", RANGE(1, 1000000), RESTART,                                \
      "WebSocket connections at a time.")                                                                              \
    X(U32, limit_connections_per_address, "limit.connections_per_address", "5000", RANGE(1, 1000000), RELOAD,          \
      "Of them from one IPv4 address or IPv6 network of 64 bits; behind a proxy all come from its address.")           \
    X(U32, limit_rooms, "limit.rooms", "10000", RANGE(1, 1000000), RELOAD, "Rooms at a time.")                         \
    X(U32, limit_rooms_per_connection, "limit.rooms_per_connection", "16", RANGE(1, 1000000), RELOAD,                  \
      "Rooms that one connection may be in at a time.")                                                                \
    X(U32, limit_participants_per_room, "limit.participants_per_room", "200", RANGE(1, 10000), RELOAD,                 \
      "Participants in one room.")                                                                                     \
    X(U32, limit_streams_per_participant, "limit.streams_per_participant", "16", RANGE(1, 1000), RELOAD,               \
      "Streams one participant may publish at a time.")                                                                \
    X(U32, limit_plays_per_participant, "limit.plays_per_participant", "400", RANGE(1, 100000), RELOAD,                \
      "Streams one participant may play at a time.")                                                                   \
    X(U32, limit_name_bytes, "limit.name_bytes", "256", RANGE(1, 4096), RELOAD,                                        \
      "Longest room, login or stream name, bytes of UTF-8.")                                                           \
    X(ADDRS, media_announce, "media.announce", "", ANY, RESTART,                                                       \
      "Addresses put into candidates, for hosts behind 1:1 NAT; empty: the host's own, and 127.0.0.1 for a browser "   \
      "on this host.")                                                                                                 \
    X(PORT, media_port, "media.port", "31001", RANGE(1, 65535), RESTART,                                               \
      "UDP port for media of the first worker; each further worker takes the next.")                                   \
    X(WORDS, media_video_codecs, "media.video_codecs", "H264 VP8 VP9 AV1", ONE_OF("H264|VP8|VP9|AV1"), RELOAD,         \
      "Video codecs in order of preference.")                                                                          \
    X(WORDS, media_audio_codecs, "media.audio_codecs", "opus PCMU PCMA", ONE_OF("opus|PCMU|PCMA"), RELOAD,             \
      "Audio codecs in order of preference.")                                                                          \
    X(U32, media_max_video_kbps, "media.max_video_kbps", "2500", RANGE(0, 1000000), RELOAD,                            \
      "Cap of the bandwidth estimate sent to a publisher of video, kbit/s; 0: none.")                                  \
    X(U32, ice_timeout_ms, "ice.timeout", "15000", RANGE(100, 600000), RELOAD,                                         \
      "Wait for the first connectivity check of a publish or play, ms.")                                               \
    X(U32, dtls_timeout_ms, "dtls.timeout", "30000", RANGE(100, 600000), RELOAD,                                       \
      "Wait for the end of its DTLS handshake, ms.")                                                                   \
    X(U32, rtp_activity_timeout_ms, "rtp.activity_timeout", "60000", RANGE(1000, 3600000), RELOAD,                     \
      "Wait for the first RTP packet of a publish, ms.")                                                               \
    X(U32, consent_timeout_ms, "consent.timeout", "30000", RANGE(1000, 600000), RESTART,                               \
      "Sending stops so long after the last connectivity check (RFC 7675), ms.")                                       \
    X(WORDS, srtp_profiles, "srtp.profiles", "AEAD_AES_128_GCM AEAD_AES_256_GCM AES_CM_128_HMAC_SHA1_80",              \
      ONE_OF(CONF_SRTP_PROFILES), RESTART, "SRTP protection profiles in order of preference.")                         \
    X(ENUM, srtp_backend, "srtp.backend", "auto", ONE_OF("auto|ipsec-mb|libsrtp"), RESTART,                            \
      "Library that encrypts media; auto: intel-ipsec-mb where CPU and build have it, else libsrtp.")                  \
    X(U32, workers_count, "workers.count", "1", RANGE(1, 64), RESTART, "Workers of the dataplane, one thread each.")   \
    X(NUMBERS, workers_cores, "workers.cores", "", RANGE(0, 1023), RESTART,                                            \
      "CPU of each worker; empty: they float over all CPUs.")                                                          \
    X(ENUM, workers_priority, "workers.priority", "high", ONE_OF("normal|high|realtime"), RESTART,                     \
      "What others on its CPU leave a worker: high (nice -20), or realtime (SCHED_RR; only for workers that sleep, "   \
      "and have CPU to spare), where permitted; the control thread gets nice -19.")                                    \
    X(U32, workers_max_busy_percent, "workers.max_busy_percent", "95", RANGE(0, 100), RELOAD,                          \
      "Share of its time for which a worker may be busy before new streams are refused, percent; 0: any.")             \
    X(U32, workers_rebalance_percent, "workers.rebalance_percent", "80", RANGE(0, 100), RELOAD,                        \
      "A worker that stays busy for so much of its time gives publishers to a less busy one, percent; 0: never.")      \
    X(STRING, dataplane_port, "dataplane.port", "auto", ANY, RESTART,                                                  \
      "Where media packets come in: auto (xdp where permitted, else socket), xdp (AF_XDP on the host's own "           \
      "interfaces), socket (kernel UDP), or a DPDK ethdev: its name or --vdev string.")                                \
    X(WORDS, dataplane_interfaces, "dataplane.interfaces", "", ANY, RESTART,                                           \
      "Interfaces of xdp; empty: that of the default route, and lo as dataplane.same_host says.")                      \
    X(ENUM, dataplane_same_host, "dataplane.same_host", "xdp", ONE_OF("xdp|kernel|off"), RESTART,                      \
      "How xdp serves browsers on this host: by AF_XDP on lo, by kernel sockets, or not; sockets also take what "      \
      "comes by interfaces that are not named, but when off.")                                                         \
    X(WORDS, dataplane_eal, "dataplane.eal", "", ANY, RESTART, "Arguments added to those of the EAL as they are.")     \
    X(U32, dataplane_mbufs, "dataplane.mbufs", "16384", RANGE(1024, 16777216), RESTART,                                \
      "Packet buffers of the dataplane; what AF_XDP's rings hold comes on top.")                                       \
    X(POW2, dataplane_rx_descriptors, "dataplane.rx_descriptors", "1024", RANGE(64, 32768), RESTART,                   \
      "Receive descriptors of each queue of a DPDK ethdev, as far as the device has them.")                            \
    X(POW2, dataplane_tx_descriptors, "dataplane.tx_descriptors", "1024", RANGE(64, 32768), RESTART,                   \
      "Transmit descriptors of each queue of a DPDK ethdev, as far as the device has them.")                           \
    X(ENUM, dataplane_steering, "dataplane.steering", "auto", ONE_OF("auto|flow|rss|none"), RESTART,                   \
      "How a DPDK ethdev brings packets to their worker: a flow rule per UDP port, RSS, or not; auto: what it has.")   \
    X(U32, dataplane_burst, "dataplane.burst", "64", RANGE(8, 64), RESTART,                                            \
      "Packets that a worker takes from a port at a time, and encrypts at a time.")                                    \
    X(ENUM, dataplane_idle, "dataplane.idle", "sleep", ONE_OF("sleep|poll"), RESTART,                                  \
      "What a worker does without packets: sleep on shared machines, poll on dedicated cores.")                        \
    X(U32, dataplane_max_sessions, "dataplane.max_sessions", "10000", RANGE(1, 1000000), RESTART,                      \
      "Sessions (one per publish and per play) at a time.")                                                            \
    X(U32, history_age_ms, "history.age", "1000", RANGE(0, 10000), RESTART,                                            \
      "How long sent packets are kept for retransmission, ms.")                                                        \
    X(POW2, history_packets, "history.packets", "512", RANGE(16, 65536), RESTART, "Packets kept per RTP stream.")      \
    X(U32, history_pool_share_percent, "history.pool_share", "50", RANGE(0, 90), RESTART,                              \
      "Part of all packet buffers that kept packets may hold, percent.")                                               \
    X(PATH, record_dir, "record.dir", "records", ANY, RESTART,                                                         \
      "Folder of the recordings, served under /client/records/.")                                                      \
    X(ENUM, record_streams, "record_streams", "true", ONE_OF("false|true"), RELOAD,                                    \
      "Whether a publish with record:true becomes a file of its own.")                                                 \
    X(ENUM, record_rooms, "record_rooms", "true", ONE_OF("false|true"), RELOAD,                                        \
      "Whether a room whose first join says record:true is recorded as a whole.")                                      \
    X(WORDS, record_formats, "record_formats", "h264-mp4 vp8-webm", ONE_OF("h264-mp4|h264-mkv|vp8-webm|vp8-mkv"),      \
      RELOAD, "Container of a stream's file by its video codec; sound alone becomes mp4.")                             \
    X(ENUM, stream_record_policy, "stream_record_policy", "template", ONE_OF("streamName|template"), RELOAD,           \
      "What a stream's file is named by.")                                                                             \
    X(STRING, stream_record_policy_template, "stream_record_policy_template", "stream-{mediaSessionId}-{login}", ANY,  \
      RELOAD,                                                                                                          \
      "Name of a stream's file: text and {streamName} {room} {login} {sessionId} {mediaSessionId} {audioCodec} "       \
      "{videoCodec} {startTime} {endTime} {startTimeMillis} {endTimeMillis} {duration}.")                              \
    X(ENUM, enable_empty_shift_writer, "enable_empty_shift_writer", "false", ONE_OF("false|true"), RELOAD,             \
      "Whether all files of a room are padded to one length, in step with each other.")                                \
    X(STRING, on_record_hook_script, "on_record_hook_script", "none", ANY, RELOAD,                                     \
      "Program run when a stream's file is ready: stream name, path; none: no program.")                               \
    X(STRING, on_multiple_record_hook_script, "on_multiple_record_hook_script", "default", ANY, RELOAD,                \
      "Program run when the recording of a whole room is ready: path, time, duration in ms, URI; default: the "        \
      "one that mixes it into one picture, none: no program.")                                                         \
    X(U32, record_hook_timeout_ms, "record.hook_timeout", "60000", RANGE(100, 86400000), RELOAD,                       \
      "Longest run of on_record_hook_script, ms; it is killed then.")                                                  \
    X(U32, record_mix_timeout_ms, "record.mix_timeout", "43200000", RANGE(1000, 604800000), RELOAD,                    \
      "Longest run of on_multiple_record_hook_script, ms.")                                                            \
    X(POW2, record_ring_kbytes, "record.ring_kbytes", "8192", RANGE(64, 1048576), RESTART,                             \
      "Room for copies that wait for the recorder, kB for each worker: it may stall for T s without a loss if "        \
      "this is T times the kB/s that are recorded (8192: 0.5 s of 130 Mbit/s).")                                       \
    X(U32, record_keyframe_interval_ms, "record.keyframe_interval", "10000", RANGE(0, 3600000), RELOAD,                \
      "Time after which a recorded video stream is asked for a key frame, ms; 0: never.")                              \
    X(U32, record_jobs, "record.jobs", "1", RANGE(1, 64), RESTART,                                                     \
      "Recordings that are finished at a time, each by a niced process.")                                              \
    X(U32, record_min_free_mbytes, "record.min_free_mbytes", "256", RANGE(0, 4294967295), RELOAD,                      \
      "Recording stops while the disk has less free than this, MB.")

/* The words of keys whose values are nouns of common/. */
#define CONF_WORD_LEVEL(id, name)  "|" name
#define CONF_WORD_TOPIC(id, name)  "|" name
#define CONF_WORD_PROFILE(id, ...) "|" #id
#define CONF_LOG_LEVELS            LOG_LEVEL_LIST(CONF_WORD_LEVEL)
#define CONF_LOG_TOPICS            LOG_TOPIC_LIST(CONF_WORD_TOPIC)
#define CONF_SRTP_PROFILES         SRTP_PROFILE_LIST(CONF_WORD_PROFILE)

#endif
